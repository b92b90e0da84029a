import type { Callback, Observer, OptionSchema } from "@graftjs/core";
import { type EarlyStoppingOptions, earlyStoppingOptions } from "../callbacks/early-stopping.ts";
import { type EmaOptions, emaWeightsOptions } from "../callbacks/ema-weights.ts";
import { type ReduceOnPlateauOptions, reduceOnPlateauOptions } from "../callbacks/reduce-on-plateau.ts";
import { type CheckpointOptions, checkpointOptions } from "../checkpoint/checkpoint-options.ts";
import { METRICS } from "../metrics/metrics.ts";
import type { MetricsOption } from "../metrics/metrics-by-output.ts";
import { type GuardOptions, guardOptions, type ParsedGuard } from "./guard-options.ts";
import type { OptionProperties } from "./option-properties.ts";
import type { RunControl } from "./run-control.ts";

/** The parts that watch a run, protect it and stop it. */
export interface WatchOptions {
  /**
   * Numbers beside the loss: in training mode during training, as in tfjs, and in inference mode on the validation data. A list is for
   * every output; an object has a list for each output by name. @default []
   */
  readonly metrics?: MetricsOption;
  /** Get the events of steps and epochs, in order. They change nothing. @default [] */
  readonly observers?: readonly Observer[];
  /**
   * Steps between two reads of the optimizer's statistics (`gradientStats`, `updateStats`, the trust ratios of `lars` and `lamb`),
   * which observers get as `stats`. Without observers, or without statistics, nothing is read. @default 10
   */
  readonly statsEvery?: number;
  /** What to do with a step whose loss or gradient is not finite. The step itself is never applied. @default { policy: "throw" } */
  readonly guard?: GuardOptions;
  /** Ends a run that no longer improves, and puts the best epoch's weights back. `{}` takes the defaults. @default off */
  readonly earlyStopping?: EarlyStoppingOptions;
  /** Multiplies the scheduled rate by a smaller and smaller factor if the run stops improving. @default off */
  readonly reduceOnPlateau?: ReduceOnPlateauOptions;
  /** Averages the trained weights over the steps. Validation uses the average, and the model holds it at the end. @default off */
  readonly ema?: EmaOptions;
  /** Act on the run between steps and epochs, in order, after those of the options above. @default [] */
  readonly callbacks?: readonly Callback[];
  /** Where the whole state of the run is saved, and whether the run resumes from there. @default none: an interrupted run is lost */
  readonly checkpoint?: CheckpointOptions;
  /** Ends the run after the current step. The promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Pauses, resumes and stops the run: see `createRunControl`. */
  readonly control?: RunControl;
}

export type WatchDefaults = "metrics" | "observers" | "statsEvery" | "guard" | "callbacks";

const defaultGuard: ParsedGuard = guardOptions.parse("guard", {});

const metricList: OptionSchema = {
  type: "array",
  items: {
    anyOf: [
      { enum: METRICS.map(({ name }) => name) },
      { type: "string", pattern: "^top[1-9][0-9]*$" },
      { plugin: "metric" },
    ],
  },
};

export const watchProperties: OptionProperties<WatchOptions, WatchDefaults> = {
  metrics: {
    anyOf: [metricList, { type: "object", additionalProperties: metricList }],
    default: [],
    description:
      "Names (`top3`, `top5` and so on included), or metrics of plugins; one list, or a list by the output's name",
  },
  observers: {
    type: "array",
    items: { plugin: "observer" },
    default: [],
    description: "Get the events of steps and epochs, in order",
  },
  statsEvery: {
    type: "integer",
    minimum: 1,
    default: 10,
    description: "Steps between two reads of the optimizer's statistics",
  },
  guard: {
    ...guardOptions.jsonSchema,
    default: defaultGuard,
    description: "How the run reacts if a loss or gradient is not finite, or if the loss jumps",
  },
  earlyStopping: {
    ...earlyStoppingOptions.jsonSchema,
    description: "Ends a run that no longer improves, and puts the best epoch's weights back",
  },
  reduceOnPlateau: {
    ...reduceOnPlateauOptions.jsonSchema,
    description: "Lowers the learning rate if the run no longer improves",
  },
  ema: { ...emaWeightsOptions.jsonSchema, description: "Moving average of the trained weights" },
  callbacks: {
    type: "array",
    items: { plugin: "callback" },
    default: [],
    description: "Act on the run between steps and epochs, after those of the options above",
  },
  checkpoint: {
    ...checkpointOptions.jsonSchema,
    description: "Where the state of the run is saved, and whether the run resumes from there",
  },
  signal: { codeOnly: true, description: "`AbortSignal` that ends the run after the current step" },
  control: { codeOnly: true, description: "`RunControl` that pauses, resumes and stops the run" },
};
