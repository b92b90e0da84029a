import {
  HookedOptimizer,
  type NamedWeight,
  namedParams,
  namedWeights,
  type Param,
  type PatchHandle,
  pick,
  RecipeError,
} from "@graftjs/core";
import { type Columns, columns } from "../data/columns.ts";
import { assertLabels } from "../data/labels.ts";
import { type LossFunction, lossFunction } from "../loss/loss.ts";
import { type Metric, metricOf } from "../metrics/metric.ts";
import type { LayersModelLike } from "../model/layers-model.ts";
import { layersTrainee } from "../model/layers-trainee.ts";
import type { CutModel, Trainee } from "../model/trainee.ts";
import { assertFineTuneOptions, type FineTuneOptions, lossesOf } from "./options.ts";

/** What a patch did, in words. */
export interface PatchNote {
  readonly name: string;
  readonly summary: string | undefined;
  readonly held: readonly string[];
  readonly added: readonly string[];
}

/** A run put together and checked, before anything is computed. */
export interface Assembly {
  readonly trainee: Trainee;
  readonly cut: CutModel;
  readonly all: readonly Param[];
  readonly params: readonly Param[];
  readonly statistics: readonly NamedWeight[];
  readonly held: readonly NamedWeight[];
  readonly patches: readonly PatchNote[];
  readonly optimizer: HookedOptimizer;
  readonly losses: readonly LossFunction[];
  readonly metrics: readonly Metric[];
  readonly train: Columns;
  readonly validation: Columns | undefined;
  readonly batchSize: number;
  readonly accumulate: number;
  readonly seed: number;
  readonly stepsPerEpoch: number;
  /** Gives the variables' own `trainable` flags back. */
  release(): void;
  /** Undoes the patches, last one first. */
  restore(): void;
}

/**
 * Checks everything that can be checked, applies the patches, selects, cuts.
 *
 * @throws OptionsError, SelectionError, RecipeError or DataError, with the model as it was.
 */
export function assemble(model: LayersModelLike, options: FineTuneOptions): Assembly {
  assertFineTuneOptions(options);
  const { patches = [], hooks = [], rule, learningRate, rateMultipliers = [], metrics = [] } = options;
  const { batchSize = 32, accumulate = 1, seed = 0 } = options;
  const handles: PatchHandle[] = [];
  const restore = (): void => {
    for (const handle of [...handles].reverse()) handle.restore();
  };
  try {
    const notes = patches.map((patch) => {
      const handle = patch.apply(model);
      handles.push(handle);
      return noteOf(patch.name, handle);
    });
    const trainee = layersTrainee(model);
    const added = handles.flatMap((handle) => handle.added ?? []);
    const all = [...namedParams(model, { frozen: true }), ...added];
    const params = pick(all, options.trainable, "`trainable`");
    const heldPaths = new Set(notes.flatMap(({ held }) => held));
    const cut = trainee.cut(params, { adapted: new Set(added.map(({ layer }) => layer)), held: heldPaths });
    const losses = lossesOf(options.loss, trainee.ports.outputNames);
    if (options.combiner && losses.length < 2) {
      throw new RecipeError(
        `\`${options.combiner.name}\` combines tasks, and the model has one output.`,
        "Leave `combiner` out, or give the model an output and a loss for each task.",
      );
    }
    const train = columns(options.data, trainee.ports);
    const validation = options.validation && columns(options.validation, trainee.ports, "validation");
    assertLabels(train, losses, model.outputs, "data");
    if (validation) assertLabels(validation, losses, model.outputs, "validation");
    const optimizer = new HookedOptimizer({ params, hooks, rule, learningRate, rateMultipliers });
    const statistics = namedWeights(model).filter(({ statistic }) => statistic);
    return {
      trainee,
      cut,
      all,
      params,
      statistics,
      held: statistics.filter(({ layer }) => heldPaths.has(layer)),
      patches: notes,
      optimizer,
      losses: losses.map(lossFunction),
      metrics: metrics.map(metricOf),
      train,
      validation,
      batchSize,
      accumulate,
      seed,
      stepsPerEpoch: Math.ceil(Math.ceil(train.size / batchSize) / accumulate),
      release: makeTrainable(params),
      restore,
    };
  } catch (error) {
    restore();
    throw error;
  }
}

function noteOf(name: string, { summary, held = [], added = [] }: PatchHandle): PatchNote {
  return { name, summary, held, added: added.map((param) => param.name) };
}

/** tfjs differentiates only by variables marked trainable; the mark belongs to the model and is given back. */
function makeTrainable(params: readonly Param[]): () => void {
  const before = params.map(({ variable }) => variable.trainable);
  for (const { variable } of params) variable.trainable = true;
  return () => {
    params.forEach(({ variable }, i) => {
      variable.trainable = before[i] as boolean;
    });
  };
}
