import { type OptimizerHook, type OptionsSchema, optionsSchema, stateless } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { normals } from "../random/normal.ts";
import { seeded } from "../random/random.ts";

export interface GradientNoiseOptions {
  /** η, the variance at the first step, > 0. The paper tries 0.01, 0.3 and 1. */
  readonly eta: number;
  /** γ, the rate of decay of the variance, ≥ 0. @default 0.55 */
  readonly gamma?: number;
  /** Seed of the noise. @default 0 */
  readonly seed?: number;
}

export const gradientNoiseOptions: OptionsSchema<GradientNoiseOptions, "gamma" | "seed"> = optionsSchema<
  GradientNoiseOptions,
  "gamma" | "seed"
>(
  {
    eta: { type: "number", exclusiveMinimum: 0, description: "η, the variance at the first step" },
    gamma: { type: "number", minimum: 0, default: 0.55, description: "γ in η / (1 + t)^γ" },
    seed: { type: "integer", minimum: 0, default: 0, description: "Seed of the noise" },
  },
  ["eta"],
);

/**
 * Adds normal noise of variance η / (1 + t)^γ to every gradient; t is the step, counted from 0 (Neelakantan et al. 2015, "Adding
 * Gradient Noise Improves Learning for Very Deep Networks", equation 1). Put the hook after clipping, as in the paper. Optax calls it
 * `add_noise`.
 *
 * The hook has no state. The noise depends only on seed, step and parameter, so a resumed run draws the same. It is drawn on the host,
 * which takes about two uniform random numbers per element.
 * @throws OptionsError if an option is out of range or unknown.
 */
export function gradientNoise(options: GradientNoiseOptions): OptimizerHook<null> {
  const { eta, gamma, seed } = gradientNoiseOptions.parse("gradient-noise", options);
  return stateless("gradient-noise", (grads, { step }) => {
    const deviation = Math.sqrt(eta / (1 + step) ** gamma);
    const noisy = Object.entries(grads).map(([name, grad]) => {
      const noise = normals(grad.size, deviation, seeded(seed, "gradient-noise", step, name));
      return [name, tf.add(grad, tf.tensor(noise, grad.shape))] as const;
    });
    return Object.fromEntries(noisy);
  });
}
