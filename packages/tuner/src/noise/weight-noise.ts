import { type Param, type Selector, selectParams } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { normals } from "../random/normal.ts";
import { seeded } from "../random/random.ts";

export interface WeightNoiseOptions {
  /** σ, in units of the weights. > 0. Graves (2011) uses 0.05 to 0.075 for recurrent nets. */
  readonly deviation: number;
  /** Which of the trained parameters. @default all of them */
  readonly on?: Selector;
}

/** Runs a forward pass over noisy weights. */
export type WithWeightNoise = <T>(active: readonly Param[], step: number, micro: number, forward: () => T) => T;

/**
 * Normal noise on the trained weights during each forward pass of training, so that the gradient is that of the noisy weights
 * and is applied to the clean ones (Graves 2011, "Practical Variational Inference for Neural Networks", section 5, with one
 * fixed deviation). A function of seed, step, micro-batch and parameter.
 *
 * The clean tensors themselves are put back, so nothing is left of the noise; the tape holds the noisy ones.
 * @throws SelectionError where `on` matches none of `params`.
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
