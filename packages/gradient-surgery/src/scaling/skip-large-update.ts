import { l2Norm, type OptimizerHook, type OptionsSchema, optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

export interface SkipLargeUpdateOptions {
  /** Global norm above which a step is skipped, > 0. */
  readonly norm: number;
}

/** How many steps were skipped so far. */
export type SkipLargeUpdateState = { readonly skipped: tf.Tensor };

export const skipLargeUpdateOptions: OptionsSchema<SkipLargeUpdateOptions> = optionsSchema<SkipLargeUpdateOptions>(
  { norm: { type: "number", exclusiveMinimum: 0, description: "Global norm above which a step is skipped" } },
  ["norm"],
);

/**
 * Skips the step whose gradient has a global norm above `norm`, or one that is NaN or infinite (optax
 * `skip_large_updates`, as its MultiSteps use it): weights, momentum and the state of all other hooks stay as they are.
 * Decided on the device, without a read-back; numbers that hooks keep on the host (Adam's step counts) do go on.
 *
 * State: one scalar, the number of steps skipped.
 * @throws OptionsError where `norm` is missing or not positive.
 */
export function skipLargeUpdate(options: SkipLargeUpdateOptions): OptimizerHook<SkipLargeUpdateState> {
  const { norm } = skipLargeUpdateOptions.parse("skip-large-update", options);
  return {
    name: "skip-large-update",
    init: () => ({ skipped: tf.scalar(0) }),
    transform(grads, { skipped }) {
      // Not `greater`: a NaN compares as false, and is to be skipped as well.
      const skip = tf.logicalNot(tf.lessEqual(l2Norm(Object.values(grads)), norm));
      return { grads, skip, state: { skipped: tf.add(skipped, tf.cast(skip, "float32")) } };
    },
  };
}
