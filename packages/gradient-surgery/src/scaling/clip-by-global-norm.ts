import {
  l2Norm,
  mapTensors,
  type OptimizerHook,
  type OptionsSchema,
  optionsSchema,
  runFused,
  stateless,
  type TensorMap,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

export interface ClipByGlobalNormOptions {
  /** Largest norm of all gradients together, > 0. */
  readonly norm: number;
}

export const clipByGlobalNormOptions: OptionsSchema<ClipByGlobalNormOptions> = optionsSchema<ClipByGlobalNormOptions>(
  { norm: { type: "number", exclusiveMinimum: 0, description: "Largest norm of all gradients together" } },
  ["norm"],
);

/**
 * Scales all gradients by one factor so that their common L2 norm is at most `norm`: g ← g·min(1, norm / ‖g‖)
 * (Pascanu, Mikolov & Bengio 2013, algorithm 1; optax `clip_by_global_norm`). Keeps the direction. Behind a mask the norm
 * is of the selected parameters alone. No state. Where the backend has `GraftGlobalNorm` and `GraftScaleAll`, all tensors
 * go through these two together.
 *
 * @throws OptionsError where `norm` is missing or not positive.
 */
export function clipByGlobalNorm(options: ClipByGlobalNormOptions): OptimizerHook<null> {
  const { norm } = clipByGlobalNormOptions.parse("clip-by-global-norm", options);
  // norm / max(‖g‖, norm) is min(1, norm / ‖g‖) without the quotient by zero, which GPUs do not agree on.
  const factorOf = (found: tf.Tensor): tf.Tensor => tf.div(norm, tf.maximum(found, norm));
  return stateless("clip-by-global-norm", (grads) => {
    const tensors = Object.values(grads);
    // If all of them are frozen, nothing has a norm.
    if (tensors.length === 0) return grads;
    const out = tf.scalar(0);
    const factor = factorOf(runFused("GraftGlobalNorm", { tensors, out }) ? out : l2Norm(tensors));
    return scaledAll(grads, factor);
  });
}

/** Every tensor times `factor`, as new tensors. */
function scaledAll(grads: TensorMap, factor: tf.Tensor): TensorMap {
  const outputs = mapTensors(grads, (g) => tf.zerosLike(g));
  const attrs = { tensors: Object.values(grads), outputs: Object.values(outputs), factor };
  return runFused("GraftScaleAll", attrs) ? outputs : mapTensors(grads, (g) => tf.mul(g, factor));
}
