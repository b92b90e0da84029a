import { l2Norm, mapTensors, type OptimizerHook, type OptionsSchema, optionsSchema, stateless } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link clipByNorm}. */
export interface ClipByNormOptions {
  /** Largest norm of a tensor, > 0. */
  readonly norm: number;
}

/** Schema of {@link ClipByNormOptions}. */
export const clipByNormOptions: OptionsSchema<ClipByNormOptions> = optionsSchema<ClipByNormOptions>(
  { norm: { type: "number", exclusiveMinimum: 0, description: "Largest norm of a tensor" } },
  ["norm"],
);

/**
 * Scales the gradient of each tensor to an L2 norm of at most `norm`: g ← g·min(1, norm / ‖g‖) (Keras `clipnorm`). It keeps
 * the direction of each tensor, but not that of all tensors together. For that use `clipByGlobalNorm`. The hook has no state.
 *
 * @throws OptionsError if `norm` is missing or not positive.
 */
export function clipByNorm(options: ClipByNormOptions): OptimizerHook<null> {
  const { norm } = clipByNormOptions.parse("clip-by-norm", options);
  return stateless("clip-by-norm", (grads) =>
    mapTensors(grads, (g) => tf.tidy(() => tf.mul(g, tf.div(norm, tf.maximum(l2Norm([g]), norm))))),
  );
}
