import { l2Norm, mapTensors, type OptimizerHook, type OptionsSchema, optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link zclip}. */
export interface ZclipOptions {
  /** Number of standard deviations above the mean at which a norm counts as a spike, > 0. @default 2.5 */
  readonly threshold?: number;
  /** Share of the old mean and variance that is kept at each step, in [0, 1). @default 0.97 */
  readonly alpha?: number;
  /** Number of steps before the first clip, ≥ 1. They give the first mean and variance. @default 25 */
  readonly warmupSteps?: number;
  /** Added to the standard deviation, ≥ 0. @default 1e-6 */
  readonly epsilon?: number;
}

/** Mean and standard deviation of the norm. The variance would overflow float32 for a norm of 1e20. */
export type ZclipState = { readonly count: number; readonly mean: tf.Tensor; readonly deviation: tf.Tensor };

/** Schema of {@link ZclipOptions}. */
export const zclipOptions: OptionsSchema<ZclipOptions, "threshold" | "alpha" | "warmupSteps" | "epsilon"> =
  optionsSchema<ZclipOptions, "threshold" | "alpha" | "warmupSteps" | "epsilon">({
    threshold: {
      type: "number",
      exclusiveMinimum: 0,
      default: 2.5,
      description: "Standard deviations above the mean at which a norm counts as a spike",
    },
    alpha: {
      type: "number",
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0.97,
      description: "Share of the old mean and variance that is kept at each step",
    },
    warmupSteps: { type: "integer", minimum: 1, default: 25, description: "Number of steps before the first clip" },
    epsilon: { type: "number", minimum: 0, default: 1e-6, description: "Added to the standard deviation" },
  });

/**
 * Clips spikes of the global norm: ZClip (Kumar et al. 2025, algorithm 1 with adaptive scaling).
 *
 * It keeps a running mean μ and deviation σ of the norm. If z = (‖g‖ − μ)/σ exceeds the threshold τ, it clips the norm to
 * μ + τσ·(τ / z). So larger spikes are clipped to smaller norms. The statistics use the clipped norm. A norm that is not
 * finite changes neither the statistics nor the gradient.
 *
 * State: two scalars on the device. Nothing is read back.
 *
 * @throws OptionsError if an option is out of range.
 */
export function zclip(options: ZclipOptions = {}): OptimizerHook<ZclipState> {
  const { threshold, alpha, warmupSteps, epsilon } = zclipOptions.parse("zclip", options);
  return {
    name: "zclip",
    init: () => ({ count: 0, mean: tf.scalar(0), deviation: tf.scalar(0) }),
    transform(grads, { count, mean, deviation }, _) {
      const norm = l2Norm(Object.values(grads));
      const finite = tf.isFinite(norm);
      const keep = (next: tf.Tensor, old: tf.Tensor): tf.Tensor => tf.where(finite, next, old);
      if (count < warmupSteps) {
        // Welford's update needs no list of norms.
        const next = tf.add(mean, tf.div(tf.sub(norm, mean), count + 1));
        const spread = mixDeviation(
          deviation,
          count / (count + 1),
          tf.sub(norm, mean),
          tf.sub(norm, next),
          1 / (count + 1),
        );
        return { grads, state: { count: count + 1, mean: keep(next, mean), deviation: keep(spread, deviation) } };
      }
      const z = tf.div(tf.sub(norm, mean), tf.add(deviation, epsilon));
      const spike = tf.greater(z, threshold);
      const limit = tf.add(mean, tf.div(tf.mul(deviation, threshold * threshold), tf.maximum(z, threshold)));
      const used = tf.where(spike, limit, norm);
      const factor = tf.where(tf.logicalAnd(spike, finite), tf.div(limit, tf.maximum(norm, limit)), tf.onesLike(norm));
      const nextMean = tf.add(tf.mul(mean, alpha), tf.mul(used, 1 - alpha));
      const away = tf.sub(used, nextMean);
      return {
        grads: mapTensors(grads, (g) => tf.mul(g, factor)),
        state: {
          count,
          mean: keep(nextMean, mean),
          deviation: keep(mixDeviation(deviation, alpha, away, away, 1 - alpha), deviation),
        },
      };
    },
  };
}

/** Computes √(a·σ² + b·x·y). It divides by the largest value before squaring, so that squares do not overflow. */
function mixDeviation(deviation: tf.Tensor, a: number, x: tf.Tensor, y: tf.Tensor, b: number): tf.Tensor {
  const largest = tf.maximum(deviation, tf.maximum(tf.abs(x), tf.abs(y)));
  const scale = tf.where(tf.greater(largest, 0), largest, tf.onesLike(largest));
  const part = tf.mul(tf.div(x, scale), tf.div(y, scale));
  return tf.mul(scale, tf.sqrt(tf.relu(tf.add(tf.mul(tf.square(tf.div(deviation, scale)), a), tf.mul(part, b)))));
}
