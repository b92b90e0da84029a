import { l2Norm, type OptimizerHook, type OptionsSchema, optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link skipLargeUpdate}. */
export interface SkipLargeUpdateOptions {
  /** Global norm above which a step is skipped, > 0. */
  readonly norm: number;
}

/** Number of steps skipped so far. */
export type SkipLargeUpdateState = { readonly skipped: tf.Tensor };

/** Schema of {@link SkipLargeUpdateOptions}. */
export const skipLargeUpdateOptions: OptionsSchema<SkipLargeUpdateOptions> = optionsSchema<SkipLargeUpdateOptions>(
  { norm: { type: "number", exclusiveMinimum: 0, description: "Global norm above which a step is skipped" } },
  ["norm"],
);

/**
 * Skips steps with a gradient whose global norm is above `norm`, NaN or infinite (optax `skip_large_updates`, as its MultiSteps
 * use it). A skipped step changes neither weights nor momentum nor the state of other hooks.
 *
 * The decision is made on the device, and nothing is read back. Numbers that are kept on the host still change, such as the
 * step counts of Adam. State: one scalar, the number of skipped steps.
 *
 * @throws OptionsError if `norm` is missing or not positive.
 */
export function skipLargeUpdate(options: SkipLargeUpdateOptions): OptimizerHook<SkipLargeUpdateState> {
  const { norm } = skipLargeUpdateOptions.parse("skip-large-update", options);
  return {
    name: "skip-large-update",
    init: () => ({ skipped: tf.scalar(0) }),
    transform(grads, { skipped }) {
      // `greater` would not skip NaN, because NaN compares as false.
      const skip = tf.logicalNot(tf.lessEqual(l2Norm(Object.values(grads)), norm));
      return { grads, skip, state: { skipped: tf.add(skipped, tf.cast(skip, "float32")) } };
    },
  };
}
