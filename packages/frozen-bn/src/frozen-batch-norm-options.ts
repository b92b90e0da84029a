import { OptionsError, type OptionsSchema, optionsSchema, type Selector } from "@graftjs/core";
import type { NormalizeBy } from "./statistics/normalize-by-batch.ts";

/** Whether a weight trains: always, never, or if its layer is trainable. */
export type TrainSwitch = boolean | "as-layer";

/** Named settings of the other switches. See {@link FrozenBatchNormOptions}. */
export type FrozenBatchNormPreset = "statistics" | "all" | "keras" | "bn-only" | "recalibrate";

/** Options of `frozenBatchNorm`. */
export interface FrozenBatchNormOptions {
  /**
   * - `statistics`: layers normalize by the pretrained statistics, which never change. Gamma and beta follow `layer.trainable`.
   * - `all`: gamma and beta are frozen too, as in torchvision's `FrozenBatchNorm2d`.
   * - `keras`: each layer follows its own `trainable`, which is read at every step. If it is false, the layer behaves as with
   *   `all`; if it is true, it is a plain batch norm.
   * - `bn-only`: as `statistics`, but gamma and beta of these layers train, and nothing else in the model does.
   * - `recalibrate`: layers normalize by the batch and move the statistics; gamma and beta are frozen (AdaBN, Li et al. 2016).
   *
   * @default "statistics"
   */
  readonly preset?: FrozenBatchNormPreset;
  /** Selects batch norm layers: a layer is selected if the selector matches any of its weights. @default all */
  readonly layers?: Selector;
  /** The statistics that normalize in training. Overrides the preset. @default from the preset */
  readonly normalizeBy?: NormalizeBy;
  /** Whether training moves the running statistics. Overrides the preset. @default from the preset */
  readonly updateStatistics?: boolean;
  /** Whether gamma trains. Overrides the preset. @default from the preset */
  readonly trainGamma?: TrainSwitch;
  /** Whether beta trains. Overrides the preset. @default from the preset */
  readonly trainBeta?: TrainSwitch;
  /**
   * How frozen layers compute while a gradient is recorded.
   *
   * - `exact`: a convolution or dense layer, its batch norm and its activation become one block. The block keeps at most one
   *   tensor for the backward pass and does not compute the gradient of a frozen kernel. Its output has the stock bits.
   * - `folded`: as `exact`, and batch norm is folded into the kernel if gamma and the kernel are frozen. The output equals
   *   that of the stock layers up to float32 rounding.
   * - `off`: the patch changes only the batch norm layers.
   *
   * @default "exact"
   */
  readonly blocks?: "exact" | "folded" | "off";
}

/** Schema of {@link FrozenBatchNormOptions}. */
export const frozenBatchNormOptions: OptionsSchema<FrozenBatchNormOptions, "preset" | "blocks"> = optionsSchema<
  FrozenBatchNormOptions,
  "preset" | "blocks"
>({
  preset: {
    enum: ["statistics", "all", "keras", "bn-only", "recalibrate"],
    default: "statistics",
    description: "Preset of the other switches. A switch that is given overrides it",
  },
  layers: { description: "Selector of the batch norm layers, over their weights. Default: all" },
  normalizeBy: {
    enum: ["running", "batch"],
    description: "Statistics that normalize in training. Default: from the preset",
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

/** The behavior of one layer in training. */
export interface Switches {
  readonly normalizeBy: NormalizeBy;
  readonly updateStatistics: boolean;
  readonly trainGamma: TrainSwitch;
  readonly trainBeta: TrainSwitch;
}

const FROZEN: Switches = {
  normalizeBy: "running",
  updateStatistics: false,
  trainGamma: "as-layer",
  trainBeta: "as-layer",
};

/** Plain batch norm, for trainable layers under the preset `keras`. */
const PLAIN: Switches = { ...FROZEN, normalizeBy: "batch", updateStatistics: true };

const PRESETS: { readonly [P in FrozenBatchNormPreset]: Switches } = {
  statistics: FROZEN,
  all: { ...FROZEN, trainGamma: false, trainBeta: false },
  keras: FROZEN,
  "bn-only": { ...FROZEN, trainGamma: true, trainBeta: true },
  recalibrate: { normalizeBy: "batch", updateStatistics: true, trainGamma: false, trainBeta: false },
};

/** Returns the switches of one layer: those of the preset, with the overrides. */
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

/** @throws OptionsError if an option is wrong, or if two options contradict each other. */
export function checkOptions(options: FrozenBatchNormOptions): void {
  frozenBatchNormOptions.parse("frozen-bn", options);
  if (options.preset === "keras" && (options.trainGamma === true || options.trainBeta === true)) {
    throw new OptionsError(
      "The preset `keras` follows each layer's `trainable`, but trainGamma or trainBeta would set it.",
      'Use preset "statistics" with trainGamma and trainBeta, or set `layer.trainable` yourself.',
    );
  }
}
