import { type Param, type Selector, selectParams } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { normals } from "../random/normal.ts";
import { seeded } from "../random/random.ts";

export interface WeightNoiseOptions {
  /** Standard deviation σ of the noise, > 0. Graves (2011) uses 0.05 to 0.075 for recurrent nets. */
  readonly deviation: number;
  /** Trained parameters that get noise. @default all of them */
  readonly on?: Selector;
}

/** Runs a forward pass over noisy weights. */
export type WithWeightNoise = <T>(active: readonly Param[], step: number, micro: number, forward: () => T) => T;

/**
 * Adds normal noise to the trained weights during each forward pass of training. The gradient is computed at the noisy weights and
 * applied to the clean ones (Graves 2011, "Practical Variational Inference for Neural Networks", section 5, with a fixed deviation).
 * The noise depends only on seed, step, micro-batch and parameter.
 *
 * Afterwards the weights are restored from the clean tensors themselves, so no rounding error remains.
 * @throws SelectionError if `on` matches none of `params`.
 */
export function weightNoise(
  { deviation, on = "all" }: WeightNoiseOptions,
  params: readonly Param[],
  seed: number,
): WithWeightNoise {
  const chosen = new Set(selectParams(params, on, "`weightNoise.on`"));
  return (active, step, micro, forward) => {
    const noisy = active.filter((param) => chosen.has(param));
    const clean = noisy.map(({ variable }) => tf.clone(variable));
    try {
      for (const { name, variable } of noisy) {
        const values = normals(variable.size, deviation, seeded(seed, "weight-noise", step, micro, name));
        const noise = tf.tensor(values, variable.shape);
        const sum = tf.add(variable, noise);
        variable.assign(sum);
        tf.dispose([noise, sum]);
      }
      return forward();
    } finally {
      noisy.forEach(({ variable }, i) => {
        variable.assign(clean[i] as tf.Tensor);
      });
      tf.dispose(clean);
    }
  };
}
