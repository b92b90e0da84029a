import { assertOptions, mapTensors, type OptimizerHook, type OptionsSchema, optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { l2Norm } from "./l2-norm.ts";

export interface SkipLargeUpdateOptions {
  /** Global norm above which a gradient is dropped, > 0. */
  readonly norm: number;
}

/** How many gradients were dropped so far. */
export type SkipLargeUpdateState = { readonly skipped: tf.Tensor };

export const skipLargeUpdateOptions: OptionsSchema<SkipLargeUpdateOptions> = optionsSchema<SkipLargeUpdateOptions>(
  { norm: { type: "number", exclusiveMinimum: 0, description: "Global norm above which a gradient is dropped" } },
  ["norm"],
);

/**
 * Drops a gradient whose global norm exceeds `norm`, or is NaN or infinite: all of it becomes 0 (optax
 * `skip_large_updates`). A rule with momentum still moves along what it has gathered. Decided on the device, without a
 * read-back.
 *
 * State: one scalar, the number of gradients dropped.
 * @throws OptionsError where `norm` is missing or not positive.
 */
export function skipLargeUpdate(options: SkipLargeUpdateOptions): OptimizerHook<SkipLargeUpdateState> {
  assertOptions("skip-large-update", skipLargeUpdateOptions, options);
  const { norm } = options;
  return {
    name: "skip-large-update",
    init: () => ({ skipped: tf.scalar(0) }),
    transform(grads, { skipped }) {
      // A NaN compares as false: it is dropped as well.
      const fits = tf.lessEqual(l2Norm(Object.values(grads)), norm);
      return {
        // Not a product with 0, which would keep a NaN.
        grads: mapTensors(grads, (g) => tf.where(fits, g, tf.zerosLike(g))),
        state: { skipped: tf.add(skipped, tf.sub(1, tf.cast(fits, "float32"))) },
      };
    },
  };
}
