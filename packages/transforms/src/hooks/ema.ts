import {
  type HookedOptimizer,
  mapTensors,
  type OptimizerHook,
  type OptionsSchema,
  optionsSchema,
  RecipeError,
  type StateTree,
  type TensorMap,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

export interface EmaOptions {
  /** Share of the average that is kept per step, in [0, 1). @default 0.999 */
  readonly decay?: number;
}

export type EmaState = { readonly average: TensorMap; readonly decay: number };

export const emaOptions: OptionsSchema<EmaOptions, "decay"> = optionsSchema<EmaOptions, "decay">({
  decay: {
    type: "number",
    minimum: 0,
    exclusiveMaximum: 1,
    default: 0.999,
    description: "Share of the average that is kept per step",
  },
});

/**
 * Keeps an exponential moving average of the parameters, a ← d·a + (1−d)·w, starting at their first values (Polyak &
 * Juditsky 1992; optax `incremental_update` with step size 1−d). Gradients pass unchanged. To evaluate the average, call
 * `swapInEma`.
 *
 * A hook sees the weights before the step's update; `swapInEma` adds the last weights, so that no step is missing. State:
 * one tensor per parameter.
 * @throws OptionsError if `decay` is out of range.
 */
export function ema(options: EmaOptions = {}): OptimizerHook<EmaState> {
  const { decay } = emaOptions.parse("ema", options);
  return {
    name: "ema",
    init: (params) => ({ average: mapTensors(params, (w) => tf.clone(w)), decay }),
    transform(grads, { average }, { params }) {
      const next = mapTensors(grads, (_, name) => mix(average[name] as tf.Tensor, params[name] as tf.Tensor, decay));
      return { grads, state: { average: next, decay } };
    },
  };
}

/**
 * Puts the average into the model's variables, for evaluation or saving. Returns a function that puts the training weights
 * back; a second call of it does nothing. Do not take a step in between.
 *
 * @param name of the hook, if it was renamed. @default "ema"
 * @throws RecipeError if the optimizer lacks the hook, or has not taken a step.
 */
export function swapInEma(optimizer: HookedOptimizer, name = "ema"): () => void {
  const state = (optimizer.state?.hooks as { readonly [hook: string]: StateTree } | undefined)?.[name];
  if (!state) {
    throw new RecipeError(
      `The optimizer has no average under the name \`${name}\`.`,
      "Add ema() to the optimizer's hooks, and take a step before you swap it in.",
    );
  }
  const { average, decay } = state as EmaState;
  const swapped = optimizer.params.filter(({ name: param }) => average[param]);
  const trained = swapped.map(({ variable }) => tf.keep(tf.clone(variable)));
  for (const { name: param, variable } of swapped) {
    tf.tidy(() => variable.assign(mix(average[param] as tf.Tensor, variable, decay)));
  }
  return () => {
    for (const [i, { variable }] of swapped.entries()) {
      const weights = trained[i] as tf.Tensor;
      if (weights.isDisposed) return;
      variable.assign(weights);
      weights.dispose();
    }
  };
}

function mix(average: tf.Tensor, weights: tf.Tensor, decay: number): tf.Tensor {
  return tf.add(tf.mul(average, decay), tf.mul(weights, 1 - decay));
}
