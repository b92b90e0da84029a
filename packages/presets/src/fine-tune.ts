import { OptionsError } from "@graftjs/core";
import {
  type CheckpointOptions,
  type FineTuneOptions,
  type FineTuneResult,
  type History,
  fineTune as run,
  type TunableModel,
} from "@graftjs/tuner";
import { rateOf } from "./find-rate.ts";
import { notWorseThan } from "./not-worse.ts";
import { type EffortOptions, splitOptions } from "./options.ts";
import { prepare } from "./prepare.ts";
import { recipeOf, type Stage, type StageRecipe, stagesOf } from "./stages.ts";

/** One stage that has run. */
export interface StageResult extends StageRecipe {
  readonly history: History;
  /** Wall time in seconds, without the search for the rate. */
  readonly seconds: number;
}

/** Result of a run by effort: that of its last stage, with facts about all stages. */
export interface EffortResult extends FineTuneResult {
  /** The stages in order, each with the recipe that it was, and its found rate. */
  readonly stages: readonly StageResult[];
}

/**
 * Fine-tunes `model` in place by one word. `effort: "head"` trains the last layer, `"tail"` the last quarter of the layers too, `"full"`
 * all layers. The head is trained first, on cached features. Every option of the tuner's `fineTune` may be given; those that are left
 * out are chosen. The result lists the choices as recipes.
 *
 * With `checkpoint`, each stage has a folder of its own in that folder, and a resumed run starts from the base model again.
 *
 * @throws OptionsError for wrong options and for a `checkpoint` that is not a folder if there are two stages; errors of the tuner's `fineTune`.
 */
export async function fineTune(model: TunableModel, options: EffortOptions): Promise<EffortResult> {
  const split = splitOptions(options);
  const { data, loss, dispose } = await prepare(model, split);
  try {
    const stages = stagesOf(model, split, loss);
    const runs: { stage: Stage; options: FineTuneOptions }[] = [];
    // All rates are found on the model as it is now. After the probe the loss is small, and a search finds only how small steps keep it so.
    for (const stage of stages) {
      const whole = { ...inOwnFolder(stage, stages), ...data, loss };
      runs.push({ stage, options: { ...whole, learningRate: await rateOf(model, stage, whole) } });
    }
    const results: StageResult[] = [];
    let first: FineTuneResult | undefined;
    for (const [i, { stage, options }] of runs.entries()) {
      const started = performance.now();
      const result = await run(model, first ? guarded(options, first) : options);
      const { learningRate } = options;
      first ??= result;
      const found = typeof learningRate === "number" ? learningRate : undefined;
      const seconds = (performance.now() - started) / 1000;
      results.push({ ...recipeOf(stage, loss, found), history: result.history, seconds });
      // A person who stops the first stage does not want the second.
      if (i === stages.length - 1 || result.stopped === "stopped") return joined(result, first, results);
      result.restore();
    }
    throw new OptionsError("The run has no stages.", "Give an effort.");
  } finally {
    dispose();
  }
}

/** A later stage may not leave the held-out examples worse than the first one did. */
function guarded(options: FineTuneOptions, { history }: FineTuneResult): FineTuneOptions {
  const lowest = Math.min(...(history.val_loss ?? []).filter(Number.isFinite));
  return Number.isFinite(lowest)
    ? { ...options, callbacks: [...(options.callbacks ?? []), notWorseThan(lowest)] }
    : options;
}

/** The base of the whole run is the model before the first stage. */
function joined(last: FineTuneResult, first: FineTuneResult, stages: readonly StageResult[]): EffortResult {
  return {
    ...last,
    base: first.base,
    peakBytes: Math.max(first.peakBytes, last.peakBytes),
    warnings: [...new Set([...first.warnings, ...last.warnings])],
    stages,
  };
}

/** Gives a stage a folder of its own for its checkpoints, because a place of checkpoints belongs to one run. */
function inOwnFolder({ name, options }: Stage, stages: readonly Stage[]): Stage["options"] {
  const { checkpoint } = options as { readonly checkpoint?: CheckpointOptions };
  if (!checkpoint || stages.length === 1) return options;
  if (typeof checkpoint.to !== "string")
    throw new OptionsError(
      "`checkpoint.to` is a store, which holds one run, and this run has two stages.",
      "Give a folder, or run without the first stage: `probe: false`.",
    );
  return { ...options, checkpoint: { ...checkpoint, to: `${checkpoint.to}/${name}` } };
}

/** The stages of a run by effort before it begins. */
export interface EffortPlan {
  /** The stages as recipes. A rate that will be searched for is "find". */
  readonly stages: readonly StageRecipe[];
  /** Options of the last stage, for `planFineTune`. A rate that will be searched for is 0.001 in them. */
  readonly options: FineTuneOptions;
  /** Frees tensors that `options` holds. */
  dispose(): void;
}

/** Describes the run of `fineTune` with these options. Trains nothing. @throws OptionsError for wrong options */
export async function planEffort(model: TunableModel, options: EffortOptions): Promise<EffortPlan> {
  const split = splitOptions(options);
  const { data, loss, dispose } = await prepare(model, split);
  try {
    const stages = stagesOf(model, split, loss);
    const { options: last, rate } = stages.at(-1) as Stage;
    const learningRate = typeof rate === "number" || typeof rate === "function" ? rate : 0.001;
    return {
      stages: stages.map((stage) => recipeOf(stage, loss)),
      options: { ...last, ...data, loss, learningRate },
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}
