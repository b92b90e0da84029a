import { l2Norm, mapTensors, type OptimizerHook, type OptionsSchema, optionsSchema, stateless } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

export interface ClipByNormOptions {
  /** Largest norm of a tensor, > 0. */
  readonly norm: number;
}

export const clipByNormOptions: OptionsSchema<ClipByNormOptions> = optionsSchema<ClipByNormOptions>(
  { norm: { type: "number", exclusiveMinimum: 0, description: "Largest norm of a tensor" } },
  ["norm"],
);

/**
 * Scales each tensor's gradient by itself to an L2 norm of at most `norm`: g ← g·min(1, norm / ‖g‖) (Keras `clipnorm`).
 * Keeps each tensor's direction, not that of the whole: see `clipByGlobalNorm`. No state.
 *
 * @throws OptionsError where `norm` is missing or not positive.
 */
export function clipByNorm(options: ClipByNormOptions): OptimizerHook<null> {
  const { norm } = clipByNormOptions.parse("clip-by-norm", options);
  return stateless("clip-by-norm", (grads) =>
    mapTensors(grads, (g) => tf.tidy(() => tf.mul(g, tf.div(norm, tf.maximum(l2Norm([g]), norm))))),
  );
}
