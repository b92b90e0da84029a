import { type OptimizerHook, type OptionsSchema, optionsSchema, stateless } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { normals } from "../random/normal.ts";
import { seeded } from "../random/random.ts";

export interface GradientNoiseOptions {
  /** η: variance at the first step. The paper tries 0.01, 0.3 and 1. > 0. */
  readonly eta: number;
  /** γ: how fast it falls. ≥ 0. @default 0.55 */
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
    seed: { type: "integer", default: 0, description: "Seed of the noise" },
  },
  ["eta"],
);

/**
 * Adds normal noise of variance η / (1 + t)^γ to every gradient, t counted from 0 (Neelakantan et al. 2015, "Adding Gradient
 * Noise Improves Learning for Very Deep Networks", equation 1). Stands after clipping, as in the paper. As optax `add_noise`.
 *
 * No state: the noise is a function of seed, step and parameter, so a resumed run draws the same. It is made on the host: two
 * uniform numbers an element.
 * @throws OptionsError where an option is out of range or unknown.
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
