import type {
  AnyCombiner,
  AnyHook,
  AnyRule,
  ModelPatch,
  OptionSchema,
  RateMultiplier,
  Schedule,
  Selector,
} from "@graftjs/core";
import type { Collective } from "../parallel/collective.ts";
import { LOSSES } from "../losses/losses.ts";
import type { LossWeights } from "../losses/loss-weights.ts";
import type { LossOption } from "../losses/losses-by-output.ts";
import { type WeightNoiseOptions, weightNoiseOptions } from "../noise/weight-noise.ts";
import { type SamOptions, samOptions } from "../sharpness/sam.ts";
import type { OptionProperties } from "./option-properties.ts";

/** A stretch of epochs that trains more parameters than the one before. */
export interface UnfreezePhase {
  /** First epoch, counted from 0. */
  readonly epoch: number;
  /** Parameters that are trained as well from this epoch on. */
  readonly trainable: Selector;
  /**
   * Rate from this epoch on. A schedule begins with its own step 0, and takes the length up to the next rate if it has none.
   * @default the rate before continues
   */
  readonly learningRate?: number | Schedule;
}

/** The parameters that are trained, and how. */
export interface TrainingOptions {
  /** One loss, or one loss per output: in order, or by the output's name. */
  readonly loss: LossOption;
  /**
   * Factor on each output's loss in the sum that is trained, in order or by the output's name. The history's losses of the outputs are
   * without it. @default 1
   */
  readonly lossWeights?: LossWeights;
  /**
   * Share ε by which training moves labels towards an even distribution: y ← (1 − ε)·y + ε/classes. For cross-entropy losses. Validation
   * uses the labels as they are. @default 0
   */
  readonly labelSmoothing?: number;
  /** Parameters to train, by stable name. The layers' own `trainable` flags do not matter. */
  readonly trainable: Selector;
  /**
   * Parameters that are trained as well from the start of an epoch on: gradual unfreezing. The trunk shrinks accordingly. The entries may
   * stand in any order: they take effect in the order of their epochs. An entry may have a `learningRate` of its own. @default []
   */
  readonly unfreeze?: readonly UnfreezePhase[];
  /** Changes to the model for the run. They are undone by `restore()` of the result, or by an error. @default [] */
  readonly patches?: readonly ModelPatch[];
  /** Gradient transformations, applied in this order before the rule. @default [] */
  readonly hooks?: readonly AnyHook[];
  /** Makes the update from the gradient: `sgd()`, `adam()` and so on. A hook here is refused. */
  readonly rule: AnyRule;
  /**
   * Factor on the rule's update, ≥ 0; or a function of the step, which is 0 at the first step and continues across epochs. A schedule of
   * `@graftjs/transforms` without a length takes that of the run.
   */
  readonly learningRate: number | Schedule;
  /** Factors on the rate of some parameters, by selector. @default [] */
  readonly rateMultipliers?: readonly RateMultiplier[];
  /** Merges the gradients of the outputs' losses, one task per output, instead of summing the losses. */
  readonly combiner?: AnyCombiner;
  /** Number of times that every example is seen. A whole number ≥ 1. */
  readonly epochs: number;
  /** Ends the run after this many steps, even within an epoch. @default no limit */
  readonly maxSteps?: number;
  /** Batches whose gradients are averaged, weighted by their sizes, into one step. @default 1 */
  readonly accumulate?: number;
  /** Fixes the order of the examples, augmentation, dropout and noise. An integer ≥ 0; 0 is a seed like any other. @default 0 */
  readonly seed?: number;
  /** Normal noise on the trained weights during each forward pass of training. A number is the deviation. @default no noise */
  readonly weightNoise?: number | WeightNoiseOptions;
  /**
   * Sharpness-aware minimisation: the gradient comes from the point of the highest loss within a small distance ρ (Foret et al. 2021). Each
   * step computes two gradients. A number is ρ. Loss, metrics and moving statistics are those of the first pass. @default off
   */
  readonly sam?: number | SamOptions;
  /**
   * Several processes or workers that train together, each on a part of every batch: see `@graftjs/mpi`. `batchSize` counts the examples
   * of all of them. Only rank 0 calls observers and writes checkpoints. @default this process trains by itself
   */
  readonly collective?: Collective;
}

export type TrainingDefaults =
  | "labelSmoothing"
  | "unfreeze"
  | "patches"
  | "hooks"
  | "rateMultipliers"
  | "accumulate"
  | "seed";

const oneLoss: OptionSchema = { anyOf: [{ enum: LOSSES.map(({ name }) => name) }, { plugin: "loss" }] };

export const trainingProperties: OptionProperties<TrainingOptions, TrainingDefaults> = {
  loss: {
    anyOf: [
      ...(oneLoss.anyOf ?? []),
      { type: "array", items: oneLoss },
      { type: "object", additionalProperties: oneLoss },
    ],
    description: "A name, a function or a loss of a plugin; or one per output, in order or by the output's name",
  },
  lossWeights: {
    anyOf: [
      { type: "array", items: { type: "number", minimum: 0 } },
      { type: "object", additionalProperties: { type: "number", minimum: 0 } },
    ],
    description: "Factor on each output's loss in their sum, in order or by the output's name. Default: 1",
  },
  labelSmoothing: {
    type: "number",
    minimum: 0,
    maximum: 1,
    default: 0,
    description: "Share by which training moves labels towards an even distribution, for cross-entropy losses",
  },
  trainable: { description: "Selector of the parameters to train, by stable name" },
  unfreeze: {
    type: "array",
    items: {
      type: "object",
      properties: {
        epoch: { type: "integer", minimum: 1, description: "First epoch, counted from 0" },
        trainable: { description: "Selector of the parameters that are trained as well from this epoch on" },
        learningRate: {
          plugin: "schedule",
          description: "Rate from this epoch on, with its own step 0. Default: the rate before continues",
        },
      },
      required: ["epoch", "trainable"],
      additionalProperties: false,
    },
    default: [],
    description: "Parameters that are trained only from a later epoch on. Any order: the epochs decide",
  },
  patches: {
    type: "array",
    items: { plugin: "patch" },
    default: [],
    description: "Changes to the model, undone by `restore()`",
  },
  hooks: {
    type: "array",
    items: { plugin: "hook" },
    default: [],
    description: "Gradient transformations, applied in order",
  },
  rule: { plugin: "rule", description: "Makes the update from the gradient: `sgd()`, `adam()` and so on" },
  learningRate: { plugin: "schedule", description: "Factor on the update: a number ≥ 0, or a function of the step" },
  rateMultipliers: {
    type: "array",
    items: {
      type: "object",
      properties: {
        params: { description: "Selector of the parameters" },
        factor: { plugin: "schedule", description: "A number, or a function of the step" },
      },
      required: ["params", "factor"],
      additionalProperties: false,
    },
    default: [],
    description: "Factors on the rate of some parameters",
  },
  combiner: { plugin: "combiner", description: "Merges the gradients of several outputs, one task per output" },
  epochs: { type: "integer", minimum: 1, maximum: 1e9, description: "Number of times that every example is seen" },
  maxSteps: { type: "integer", minimum: 1, description: "Largest number of steps. The run ends after it" },
  accumulate: {
    type: "integer",
    minimum: 1,
    default: 1,
    description: "Batches whose gradients are averaged into one step",
  },
  seed: {
    type: "integer",
    minimum: 0,
    default: 0,
    description: "Fixes the order of the examples, augmentation, dropout and noise",
  },
  weightNoise: {
    anyOf: [{ type: "number", exclusiveMinimum: 0 }, weightNoiseOptions.jsonSchema],
    description: "Normal noise on the trained weights in each forward pass. A number is the deviation",
  },
  sam: {
    anyOf: [{ type: "number", exclusiveMinimum: 0 }, samOptions.jsonSchema],
    description: "Take the gradient from the highest loss nearby (sharpness-aware minimisation). A number is `rho`",
  },
  collective: { codeOnly: true, description: "`Collective` of the processes or workers that train together" },
};
