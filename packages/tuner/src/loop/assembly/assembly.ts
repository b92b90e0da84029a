import {
  formatNames,
  HookedOptimizer,
  type NamedWeight,
  OptionsError,
  type Param,
  type PatchHandle,
  RecipeError,
} from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import { mixes } from "../../pipeline/views/mixed-batches.ts";
import { type Columns, columns } from "../../pipeline/source/columns.ts";
import { castSource, columnTypes } from "../../pipeline/source/column-types.ts";
import type { OwnedExamples } from "../../pipeline/source/element.ts";
import { examplesOf } from "../../pipeline/source/read-examples.ts";
import { assertLabels } from "../../losses/assert-labels.ts";
import { outputPorts } from "../../pipeline/source/output-ports.ts";
import { memorySource, type Source } from "../../pipeline/source/source.ts";
import { assertStream, isStream } from "../../pipeline/stream/stream-data.ts";
import { type StreamChecks, streamSource } from "../../pipeline/stream/stream-source.ts";
import { withSmoothedLabels } from "../../losses/label-smoothing.ts";
import { type LossDefinition, type LossFunction, lossOf } from "../../losses/loss.ts";
import { weightsByOutput } from "../../losses/loss-weights.ts";
import { lossesByOutput } from "../../losses/losses-by-output.ts";
import { severalLabels } from "../../losses/several-labels.ts";
import { weighted } from "../../losses/weighted.ts";
import type { Metric } from "../../metrics/metric.ts";
import { listedMetrics, metricsByOutput } from "../../metrics/metrics-by-output.ts";
import type { ModelAdapter } from "../../models/adapter/model-adapter.ts";
import { assertBackend } from "../../models/backend-errors.ts";
import { claimModel } from "../../models/claim-model.ts";
import { type TunableModel, adaptModel } from "../../models/adapt-model.ts";
import { type WithWeightNoise, weightNoise } from "../../noise/weight-noise.ts";
import { assertMonitors } from "../../options/check-monitor.ts";
import { type FineTuneOptions, type ParsedOptions, parseFineTuneOptions } from "../../options/fine-tune-options.ts";
import { tryGradients } from "./trial-pass.ts";
import { rateByPhase } from "../../options/rate-by-phase.ts";
import { type Agreement, agreement } from "./agreement.ts";
import { assertRanks } from "./assert-ranks.ts";
import { type UpdateGate, updateGate } from "./update-gate.ts";
import { correctGradients } from "../../corrections/gradients.ts";
import { refuseLayers } from "../../corrections/refused-layers.ts";
import { correctLayers } from "../../corrections/correct-layers.ts";
import { type LayerStates, layerStates } from "./layer-states.ts";
import { assertMixing } from "./assert-mixing.ts";
import { assertBatches } from "./assert-batches.ts";
import { inputWarnings } from "./input-warnings.ts";
import { type Phase, phasesOf } from "./phases.ts";

/** Describes the changes that a patch made. */
export interface PatchNote {
  readonly name: string;
  readonly summary: string | undefined;
  readonly held: readonly string[];
  readonly added: readonly string[];
}

/** The parts of a run, checked, before anything is computed. */
export interface Assembly {
  readonly options: ParsedOptions;
  readonly adapter: ModelAdapter;
  readonly phases: readonly Phase[];
  readonly all: readonly Param[];
  /** All parameters that are trained in some phase. */
  readonly params: readonly Param[];
  readonly statistics: readonly NamedWeight[];
  /** The states of stateful layers. */
  readonly states: LayerStates;
  readonly held: readonly NamedWeight[];
  readonly patches: readonly PatchNote[];
  readonly optimizer: HookedOptimizer;
  /** Decides whether the rule may write in place. */
  readonly gate: UpdateGate;
  /** One per output, in the model's order. */
  readonly lossDefinitions: readonly LossDefinition[];
  readonly losses: readonly LossFunction[];
  /** The same without class weights, for validation. */
  readonly plainLosses: readonly LossFunction[];
  /** Factors on the losses in their sum, one per output. */
  readonly lossWeights: readonly number[];
  /** The metrics of each output, in the model's order. */
  readonly metrics: readonly (readonly Metric[])[];
  readonly train: Source;
  readonly validation: Source | undefined;
  /** Wraps each forward pass of training, if there is weight noise. */
  readonly noisy: WithWeightNoise | undefined;
  readonly stepsPerEpoch: number;
  /** Set if several ranks train together. `options.signal` is then that of the agreement. */
  readonly agreement: Agreement | undefined;
  /** Problems of the data that do not prevent the run. */
  readonly warnings: readonly string[];
  /** Restores the variables' own `trainable` flags, and frees tensors that were made from arrays. */
  release(): void;
  /** Undoes the patches, last one first. */
  restore(): void;
  /**
   * Writes the parameters that patches added into the model's weights, then undoes the other patches.
   *
   * @throws RecipeError if a patch cannot do this. The patches stay then.
   */
  mergeAndUnload(): void;
}

/**
 * Checks options and data, applies the patches, selects the parameters and cuts the model.
 *
 * @throws OptionsError, SelectionError, RecipeError or DataError. The model is then unchanged.
 */
export async function assemble(model: TunableModel, given: FineTuneOptions): Promise<Assembly> {
  const options = parseFineTuneOptions(given);
  assertBackend();
  const { patches, hooks, rule, rateMultipliers, batchSize, accumulate, seed } = options;
  const handles: PatchHandle[] = [];
  const owned: OwnedExamples[] = [];
  const unclaim = claimModel(model);
  const { patchable } = adaptModel(model);
  const corrected = correctLayers(patchable);
  const restore = (): void => {
    for (const handle of handles.splice(0).reverse()) handle.restore();
    corrected.restore();
  };
  const mergeAndUnload = (): void => {
    const adding = handles.filter(({ added = [] }) => added.length > 0);
    const stuck = adding.flatMap(({ added = [], mergeAndUnload }) => (mergeAndUnload ? [] : added));
    if (stuck.length > 0)
      throw new RecipeError(
        `The patch that added ${formatNames(stuck.map(({ name }) => name))} cannot merge them into the model.`,
        "Save the delta only, and apply the patch again before you apply the delta.",
      );
    for (const handle of adding) handle.mergeAndUnload?.();
    restore();
  };
  const free = (): void => {
    for (const { dispose } of owned.splice(0)) dispose();
  };
  let release: (() => void) | undefined;
  try {
    refuseLayers(patchable);
    const notes = patches.map((patch) => {
      const handle = patch.apply(adaptModel(model).patchable);
      handles.push(handle);
      return noteOf(patch.name, handle);
    });
    const adapter = adaptModel(model);
    const { ports } = adapter;
    const added = handles.flatMap((handle) => handle.added ?? []);
    const all = [...adapter.weights.filter(({ statistic }) => !statistic), ...added].map(withoutFlags);
    const heldPaths = new Set(notes.flatMap(({ held }) => held));
    const phases = phasesOf(adapter, all, options, {
      adapted: new Set(added.map(({ layer }) => layer)),
      held: heldPaths,
      pure: new Set([...corrected.pure, ...handles.flatMap(({ pure = [] }) => pure)]),
    });
    const { params } = phases.at(-1) as Phase;
    assertMixing(options, ports);
    const losses = lossesByOutput(options.loss, ports.outputNames);
    if (options.combiner && losses.length < 2) {
      throw new RecipeError(
        `\`${options.combiner.name}\` combines tasks, and the model has one output.`,
        "Leave `combiner` out, or give the model an output and a loss for each task.",
      );
    }
    const types = columnTypes(adapter, losses);
    let example: Columns | undefined;
    const outputsOf = outputPorts(ports, (phases[0] as Phase).cut, types.inputs);
    const checkLabels = (labels: readonly tf.Tensor[], inputs: () => readonly tf.Tensor[], what: string) => {
      if (mixes(options) && labels.length > losses.length)
        throw new OptionsError(
          "`mixup` or `cutmix` mixes examples, and a mixed example has no weight of its own.",
          "Leave `sampleWeights` out of the data, or the mixing out of the options.",
        );
      return assertLabels(labels, losses, outputsOf(inputs), ports.outputNames, what);
    };
    const read = async (data: FineTuneOptions["data"], what: string): Promise<Source> => {
      if (isStream(data)) {
        assertStream(data, options.epochs, what);
        const labels: StreamChecks["labels"] = async (labels, inputs, from) =>
          checkLabels(labels, inputs, `${what}.ys from example ${from} on`);
        return castSource(await streamSource(data, { ports, labels }, what), types, what);
      }
      const own = await examplesOf(data, ports.inputs[0]?.shape.length ?? 0, what);
      owned.push(own);
      const given = columns(own.examples, ports, what);
      example ??= given;
      await checkLabels(given.labels, () => given.inputs, `${what}.ys`);
      return castSource(memorySource(given), types, what);
    };
    const train = await read(options.data, "data");
    const validation = options.validation && (await read(options.validation, "validation"));
    const states = layerStates(adapter.patchable);
    const batched = { phases, adapter, stateful: states.paths, train, validation };
    assertBatches(batched, batchSize);
    const { collective, combiner, signal, control } = options;
    if (collective) assertRanks(collective, { ...batched, hooks, combiner }, batchSize);
    const agreed = collective && agreement(collective, signal, control);
    const shared = agreed && {
      signal: agreed.signal,
      observers: collective.rank === 0 ? options.observers : [],
    };
    const lossDefinitions = losses.map(lossOf);
    const several = severalLabels(adapter.patchable, lossDefinitions, outputsOf());
    const metrics = metricsByOutput(listedMetrics(options.metrics, ports.outputNames), several, ports.outputNames);
    assertMonitors({ ports, metrics, severalLabels: several, validation }, options);
    const stepsPerEpoch = Math.ceil(Math.ceil(train.size / batchSize) / accumulate);
    const { epochs, unfreeze } = options;
    const learningRate = rateByPhase(options.learningRate, unfreeze, { epochs, stepsPerEpoch });
    const gate = updateGate(rule);
    const optimizer = new HookedOptimizer({ params, hooks, rule: gate.rule, learningRate, rateMultipliers });
    const statistics = adapter.weights.filter(({ statistic }) => statistic);
    const plainLosses = lossDefinitions.map(({ compute }) => compute);
    release = once(
      markTrained(params, all),
      correctGradients(),
      free,
      states.freeEarlier,
      corrected.freeMasks,
      unclaim,
    );
    // The trial would move the states of stateful layers.
    if (states.paths.length === 0) tryGradients({ adapter, optimizer, types }, phases.at(-1) as Phase, example);
    return {
      warnings: await inputWarnings(adapter, example),
      options: { ...options, learningRate, ...shared },
      agreement: agreed,
      adapter,
      phases,
      all,
      params,
      statistics,
      states,
      held: statistics.filter(({ layer }) => heldPaths.has(layer)),
      patches: notes,
      optimizer,
      gate,
      lossDefinitions,
      losses: weighted(
        withSmoothedLabels(lossDefinitions, options.labelSmoothing),
        losses,
        options.classWeights,
        outputsOf().map(({ shape }, i) => ({ shape, severalLabels: several[i] === true })),
      ),
      plainLosses,
      lossWeights: weightsByOutput(options.lossWeights, ports.outputNames),
      metrics,
      train,
      validation,
      noisy: options.weightNoise === undefined ? undefined : weightNoise(options.weightNoise, params, seed),
      stepsPerEpoch,
      release,
      restore,
      mergeAndUnload,
    };
  } catch (error) {
    restore();
    release?.();
    free();
    unclaim();
    throw error;
  }
}

function noteOf(name: string, { summary, held = [], added = [] }: PatchHandle): PatchNote {
  return { name, summary, held, added: added.map((param) => param.name) };
}

/** Returns `param` without its layers' `trainable` flags, which the optimizer would ask: the selector decides what trains. */
function withoutFlags({ trains: _flags, ...param }: Param): Param {
  return param;
}

/**
 * Marks exactly `params` as trainable during the run. tfjs computes gradients only for variables with this mark, and patches skip
 * the gradients of the others. Returns a function that restores the model's own marks.
 */
function markTrained(params: readonly Param[], all: readonly Param[]): () => void {
  const before = all.map(({ variable }) => variable.trainable);
  const trained = new Set(params.map(({ variable }) => variable));
  for (const { variable } of all) variable.trainable = trained.has(variable);
  return () => {
    all.forEach(({ variable }, i) => {
      variable.trainable = before[i] as boolean;
    });
  };
}

/** Returns a function that calls all of `acts` at its first call. */
function once(...acts: readonly (() => void)[]): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    for (const act of acts) act();
  };
}
