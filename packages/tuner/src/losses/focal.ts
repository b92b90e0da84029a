import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { LossDefinition } from "./loss.ts";

/** Options of {@link categoricalFocalCrossentropy}. */
export interface FocalOptions {
  /** Power γ ≥ 0 of (1 − p). With 0 the loss is `alpha` times the cross-entropy. @default 2 */
  readonly gamma?: number;
  /** Factor on the loss, ≥ 0. @default 0.25, as in Keras */
  readonly alpha?: number;
}

/** Schema of {@link FocalOptions}. */
export const focalOptions: OptionsSchema<FocalOptions, keyof FocalOptions> = optionsSchema<
  FocalOptions,
  keyof FocalOptions
>({
  gamma: {
    type: "number",
    minimum: 0,
    default: 2,
    description: "Power of 1 − p: larger values weigh easy examples less",
  },
  alpha: { type: "number", minimum: 0, default: 0.25, description: "Factor on the loss" },
});

/** The bound to which Keras clips probabilities. */
const EPSILON = 1e-7;

/**
 * Cross-entropy in which examples that are predicted well count less: −α·Σ y·(1 − p)^γ·log p (Lin et al. 2017, equation 5, for one-hot
 * labels). Equals `CategoricalFocalCrossentropy` of Keras 3. It takes probabilities, and helps if most examples are easy or of few classes.
 *
 * @throws OptionsError if an option is out of range.
 */
export function categoricalFocalCrossentropy(options: FocalOptions = {}): LossDefinition {
  const { gamma, alpha } = focalOptions.parse("categorical-focal-crossentropy", options);
  return {
    name: "categoricalFocalCrossentropy",
    severalLabels: false,
    range: [0, 1],
    compute(labels, predictions) {
      const normalized = tf.div(predictions, tf.sum(predictions, -1, true));
      const p = tf.clipByValue(normalized, EPSILON, 1 - EPSILON);
      const weights = tf.mul(tf.pow(tf.sub(1, p), gamma), alpha);
      return tf.neg(tf.sum(tf.mul(tf.mul(tf.cast(labels, "float32"), weights), tf.log(p)), -1));
    },
  };
}
