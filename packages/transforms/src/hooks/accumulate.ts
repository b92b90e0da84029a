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
  /** Number of gradients per step, ≥ 1. */
  readonly steps: number;
}

export type AccumulateState = { readonly sum: TensorMap; readonly count: number };

export const accumulateOptions: OptionsSchema<AccumulateOptions> = optionsSchema<AccumulateOptions>(
  { steps: { type: "integer", minimum: 1, description: "Number of gradients per step" } },
  ["steps"],
);

/**
 * Takes one step from the mean of `steps` gradients. If the loss is a mean over equal batches, the result is the step of a
 * batch that is `steps` times as large. Between steps nothing moves: no weight, no state of later hooks, no schedule.
 *
 * Put it first, so that later hooks see one gradient per step. Like optax `MultiSteps`. State: one tensor per parameter. A
 * checkpoint holds the partial sum.
 * @throws OptionsError if `steps` is not an integer ≥ 1.
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
