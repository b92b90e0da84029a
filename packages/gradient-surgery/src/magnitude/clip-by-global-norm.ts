import {
  assertOptions,
  mapTensors,
  type OptimizerHook,
  type OptionsSchema,
  optionsSchema,
  stateless,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { l2Norm } from "./l2-norm.ts";

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
 * is of the selected parameters alone. No state.
 *
 * @throws OptionsError where `norm` is missing or not positive.
 */
export function clipByGlobalNorm(options: ClipByGlobalNormOptions): OptimizerHook<null> {
  assertOptions("clip-by-global-norm", clipByGlobalNormOptions, options);
  const { norm } = options;
  return stateless("clip-by-global-norm", (grads) => {
    // norm / max(‖g‖, norm) is min(1, norm / ‖g‖) without the quotient by zero, which GPUs do not agree on.
    const factor = tf.div(norm, tf.maximum(l2Norm(Object.values(grads)), norm));
    return mapTensors(grads, (g) => tf.mul(g, factor));
  });
}
