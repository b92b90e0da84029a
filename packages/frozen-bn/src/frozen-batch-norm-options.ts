import { assertOptions, OptionsError, type OptionsSchema, optionsSchema, type Selector } from "@graftjs/core";
import type { NormalizeBy } from "./statistics/normalize-by-batch.ts";

/** Whether gamma and beta train: as `layer.trainable` says, or by force. */
export type TrainSwitch = boolean | "as-layer";

export type FrozenBatchNormPreset = "statistics" | "all" | "keras" | "bn-only" | "recalibrate";

export interface FrozenBatchNormOptions {
  /**
   * `statistics`: normalise by the pretrained statistics and never move them; gamma and beta follow `layer.trainable`.
   * `all`: gamma and beta stay too (torchvision's `FrozenBatchNorm2d`).
   * `keras`: each layer by its own `trainable`, asked at every step: false is `all`, true is plain batch norm.
   * `bn-only`: `statistics`, and gamma and beta of all these layers train while nothing else of the model does.
   * `recalibrate`: normalise by the batch and move the statistics; gamma and beta stay (AdaBN, Li et al. 2016).
   * @default "statistics"
   */
  readonly preset?: FrozenBatchNormPreset;
  /** Which layers: a layer is meant when the selector matches any of its weights. @default every batch norm */
  readonly layers?: Selector;
  /** Overrides the preset. @default the preset's */
  readonly normalizeBy?: NormalizeBy;
  /** Overrides the preset: whether training moves the running statistics. @default the preset's */
  readonly updateStatistics?: boolean;
  /** Overrides the preset: true and false set gamma's flag, "as-layer" leaves it. @default the preset's */
  readonly trainGamma?: TrainSwitch;
  /** Overrides the preset, as `trainGamma`. @default the preset's */
  readonly trainBeta?: TrainSwitch;
  /**
   * How frozen layers compute while a gradient is recorded. `exact`: convolution (or dense layer), batch norm and activation as
   * one block that keeps one tensor, or none, and never computes the gradient of a frozen kernel; the forward pass has the
   * stock bits. `folded`: besides, the batch norm is within the kernel where gamma and kernel are frozen; equal to float32
   * rounding. `off`: only batch norm itself is touched.
   * @default "exact"
   */
  readonly blocks?: "exact" | "folded" | "off";
}

export const frozenBatchNormOptions: OptionsSchema<FrozenBatchNormOptions> = optionsSchema<FrozenBatchNormOptions>({
  preset: {
    enum: ["statistics", "all", "keras", "bn-only", "recalibrate"],
    default: "statistics",
    description: "Preset of the other switches. A switch that is given overrides it",
  },
  layers: { description: "Selector of the batch norm layers, over their weights. Default: all" },
  normalizeBy: {
    enum: ["running", "batch"],
    description: "Statistics that normalise in training. Default: from the preset",
  },
  updateStatistics: { type: "boolean", description: "Training moves the running statistics. Default: from the preset" },
  trainGamma: { enum: [true, false, "as-layer"], description: "Gamma trains. Default: from the preset" },
  trainBeta: { enum: [true, false, "as-layer"], description: "Beta trains. Default: from the preset" },
  blocks: {
    enum: ["exact", "folded", "off"],
    default: "exact",
    description:
      "Form of frozen blocks under a gradient. `exact`: convolution, batch norm and activation as one block with the forward bits of stock tfjs. `folded`: batch norm inside the kernel if gamma is frozen, equal up to rounding. `off`: separate layers",
  },
});

/** What one layer does in training. */
export interface Switches {
  readonly normalizeBy: NormalizeBy;
  readonly updateStatistics: boolean;
  readonly trainGamma: TrainSwitch;
  readonly trainBeta: TrainSwitch;
}

const HELD: Switches = {
  normalizeBy: "running",
  updateStatistics: false,
  trainGamma: "as-layer",
  trainBeta: "as-layer",
};

/** What a trainable layer does under preset `keras`: plain batch norm. */
const PLAIN: Switches = { ...HELD, normalizeBy: "batch", updateStatistics: true };

const PRESETS: { readonly [P in FrozenBatchNormPreset]: Switches } = {
  statistics: HELD,
  all: { ...HELD, trainGamma: false, trainBeta: false },
  keras: HELD,
  "bn-only": { ...HELD, trainGamma: true, trainBeta: true },
  recalibrate: { normalizeBy: "batch", updateStatistics: true, trainGamma: false, trainBeta: false },
};

/** The switches of a layer that is trainable or not, preset and overrides together. */
export function switchesOf(options: FrozenBatchNormOptions, layerTrainable: boolean): Switches {
  const { preset = "statistics" } = options;
  const base = preset === "keras" && layerTrainable ? PLAIN : PRESETS[preset];
  return {
    normalizeBy: options.normalizeBy ?? base.normalizeBy,
    updateStatistics: options.updateStatistics ?? base.updateStatistics,
    trainGamma: options.trainGamma ?? base.trainGamma,
    trainBeta: options.trainBeta ?? base.trainBeta,
  };
}

/** @throws OptionsError */
export function checkOptions(options: FrozenBatchNormOptions): void {
  assertOptions("frozen-bn", frozenBatchNormOptions, options);
  if (options.preset === "keras" && (options.trainGamma === true || options.trainBeta === true)) {
    throw new OptionsError(
      "Preset `keras` follows each layer's `trainable`, and trainGamma or trainBeta would set it.",
      'Use preset "statistics" with trainGamma and trainBeta, or set `layer.trainable` yourself.',
    );
  }
}
