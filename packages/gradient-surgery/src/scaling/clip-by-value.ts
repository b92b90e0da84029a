import { mapTensors, type OptimizerHook, type OptionsSchema, optionsSchema, stateless } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

export interface ClipByValueOptions {
  /** Largest magnitude of an element, > 0. */
  readonly value: number;
}

export const clipByValueOptions: OptionsSchema<ClipByValueOptions> = optionsSchema<ClipByValueOptions>(
  { value: { type: "number", exclusiveMinimum: 0, description: "Largest magnitude of an element" } },
  ["value"],
);

/**
 * Clips every element: g ← clamp(g, −value, value) (optax `clip`, Keras `clipvalue`). Changes the direction; the others
 * of the family do not. No state.
 *
 * @throws OptionsError where `value` is missing or not positive.
 */
export function clipByValue(options: ClipByValueOptions): OptimizerHook<null> {
  const { value } = clipByValueOptions.parse("clip-by-value", options);
  return stateless("clip-by-value", (grads) => mapTensors(grads, (g) => tf.clipByValue(g, -value, value)));
}
