import { type OptionsSchema, optionsSchema, type Param, type Parsed, type Selector, selectParams } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { normals } from "../random/normal.ts";
import { seeded } from "../random/random.ts";

export interface WeightNoiseOptions {
  /** Standard deviation σ of the noise, > 0. Graves (2011) uses 0.05 to 0.075 for recurrent nets. */
  readonly deviation: number;
  /** Trained parameters that get noise. @default "all" */
  readonly on?: Selector;
}

export const weightNoiseOptions: OptionsSchema<WeightNoiseOptions, "on"> = optionsSchema<WeightNoiseOptions, "on">(
  {
    deviation: { type: "number", exclusiveMinimum: 0, description: "Standard deviation σ, in units of the weights" },
    on: { default: "all", description: "Selector among the trained parameters" },
  },
  ["deviation"],
);

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
  options: number | WeightNoiseOptions,
  params: readonly Param[],
  seed: number,
): WithWeightNoise {
  const { deviation, on } = parseWeightNoise(options);
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

/** Fills the default of `on`. A number is the deviation. @throws OptionsError */
export function parseWeightNoise(options: number | WeightNoiseOptions): Parsed<WeightNoiseOptions, "on"> {
  return weightNoiseOptions.parse("weightNoise", typeof options === "number" ? { deviation: options } : options);
}
