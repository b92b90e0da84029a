import {
  mapTensors,
  type OptimizerHook,
  type OptionsSchema,
  optionsSchema,
  type TensorMap,
  zerosLike,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

export interface AccumulateOptions {
  /** Gradients that make one step. ≥ 1. */
  readonly steps: number;
}

export type AccumulateState = { readonly sum: TensorMap; readonly count: number };

export const accumulateOptions: OptionsSchema<AccumulateOptions> = optionsSchema<AccumulateOptions>(
  { steps: { type: "integer", minimum: 1, description: "Gradients that make one step" } },
  ["steps"],
);

/**
 * Takes one step from the mean of `steps` gradients: for losses that are means over equal batches, the step of a batch
 * `steps` times as large. In between nothing moves: no weight, no state behind this hook, no schedule.
 *
 * Put it first, and what follows sees one gradient a step. As optax `MultiSteps`. State: one tensor a parameter; a
 * checkpoint holds the partial sum.
 * @throws OptionsError where `steps` is not an integer ≥ 1.
 */
export function accumulate(options: AccumulateOptions | number): OptimizerHook<AccumulateState> {
  const given = typeof options === "number" ? { steps: options } : options;
  const { steps } = accumulateOptions.parse("accumulate", given);
  return {
    name: "accumulate",
    init: (params) => ({ sum: zerosLike(params), count: 0 }),
    transform(grads, state) {
      const sum = mapTensors(grads, (g, name) => tf.add(state.sum[name] as tf.Tensor, g));
      const count = state.count + 1;
      if (count < steps) return { grads, state: { sum, count }, skip: true };
      return { grads: mapTensors(sum, (s) => tf.div(s, steps)), state: { sum: zerosLike(sum), count: 0 } };
    },
  };
}
