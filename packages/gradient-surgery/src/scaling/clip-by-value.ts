import { mapTensors, type OptimizerHook, type OptionsSchema, optionsSchema, stateless } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link clipByValue}. */
export interface ClipByValueOptions {
  /** Largest magnitude of an element, > 0. */
  readonly value: number;
}

/** Schema of {@link ClipByValueOptions}. */
export const clipByValueOptions: OptionsSchema<ClipByValueOptions> = optionsSchema<ClipByValueOptions>(
  { value: { type: "number", exclusiveMinimum: 0, description: "Largest magnitude of an element" } },
  ["value"],
);

/**
 * Clips every element: g ← clamp(g, −value, value) (optax `clip`, Keras `clipvalue`). Unlike the other clips, it changes the
 * direction of each tensor. The hook has no state.
 *
 * @throws OptionsError if `value` is missing or not positive.
 */
export function clipByValue(options: ClipByValueOptions): OptimizerHook<null> {
  const { value } = clipByValueOptions.parse("clip-by-value", options);
  return stateless("clip-by-value", (grads) => mapTensors(grads, (g) => tf.clipByValue(g, -value, value)));
}
