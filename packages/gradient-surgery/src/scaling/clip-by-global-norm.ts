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

/** Options of {@link clipByGlobalNorm}. */
export interface ClipByGlobalNormOptions {
  /** Largest norm of all gradients together, > 0. */
  readonly norm: number;
}

/** Schema of {@link ClipByGlobalNormOptions}. */
export const clipByGlobalNormOptions: OptionsSchema<ClipByGlobalNormOptions> = optionsSchema<ClipByGlobalNormOptions>(
  { norm: { type: "number", exclusiveMinimum: 0, description: "Largest norm of all gradients together" } },
  ["norm"],
);

/**
 * Scales all gradients by one factor, so that their common L2 norm is at most `norm`: g ← g·min(1, norm / ‖g‖)
 * (Pascanu, Mikolov & Bengio 2013, algorithm 1; optax `clip_by_global_norm`). It keeps the direction. Inside a mask, the norm
 * is that of the selected parameters only. The hook has no state.
 *
 * It runs two kernels for all tensors if the backend has `GraftGlobalNorm` and `GraftScaleAll`.
 *
 * @throws OptionsError if `norm` is missing or not positive.
 */
export function clipByGlobalNorm(options: ClipByGlobalNormOptions): OptimizerHook<null> {
  const { norm } = clipByGlobalNormOptions.parse("clip-by-global-norm", options);
  // This equals min(1, norm / ‖g‖), without a division by zero, whose result differs between GPUs.
  const factorOf = (globalNorm: tf.Tensor): tf.Tensor => tf.div(norm, tf.maximum(globalNorm, norm));
  return stateless("clip-by-global-norm", (grads) => {
    const tensors = Object.values(grads);
    // If all parameters are frozen, there are none to take the norm of.
    if (tensors.length === 0) return grads;
    const out = tf.scalar(0);
    const factor = factorOf(runFused("GraftGlobalNorm", { tensors, out }) ? out : l2Norm(tensors));
    return scaleAll(grads, factor);
  });
}

/** Multiplies every tensor by `factor`. Returns new tensors. */
function scaleAll(grads: TensorMap, factor: tf.Tensor): TensorMap {
  const outputs = mapTensors(grads, (g) => tf.zerosLike(g));
  const attrs = { tensors: Object.values(grads), outputs: Object.values(outputs), factor };
  return runFused("GraftScaleAll", attrs) ? outputs : mapTensors(grads, (g) => tf.mul(g, factor));
}
