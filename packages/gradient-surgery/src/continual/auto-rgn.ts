import { l2Norm, type Param, type RateMultiplier } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type MeasureGradientsOptions, measureGradients } from "./measure-gradients.ts";

export interface AutoRgn {
  /** For `rateMultipliers` of the optimizer: 1 until the first probe. They read the latest probe at every step. */
  readonly multipliers: readonly RateMultiplier[];
  /** Measures again; call it before each epoch, on about five batches. Returns the multiplier of each parameter. */
  probe(options: MeasureGradientsOptions): Promise<{ readonly [name: string]: number }>;
}

/**
 * Auto-RGN (Lee et al. 2023, "Surgical Fine-Tuning", section 4): trains each tensor at a rate in proportion to its relative
 * gradient norm, r = ‖g‖/‖w‖ averaged over some batches, γ·r / max r: what the new data pulls at most, moves most.
 *
 * The authors make a new Adam each epoch; here only rates change, and its moments stay. Parameters of normalization are
 * left out, as there, but keep the full rate; so does a tensor that is all 0, whose ratio would be infinite.
 */
export function autoRgn(params: readonly Param[]): AutoRgn {
  const probed = params.filter(({ role }) => role !== "gamma" && role !== "beta");
  let rates: { readonly [name: string]: number } = {};
  return {
    multipliers: probed.map(({ name }) => ({ params: (param) => param.name === name, factor: () => rates[name] ?? 1 })),
    async probe(options) {
      const ratios = await measureGradients(probed, options, ({ variable }, grad) =>
        tf.divNoNan(l2Norm([grad]), l2Norm([variable])),
      );
      const zero = await allZero(probed);
      const largest = ratios.reduce((max, ratio) => Math.max(max, ratio), 0);
      rates = Object.fromEntries(
        probed.map(({ name }, i) => [name, zero[i] || largest === 0 ? 1 : (ratios[i] as number) / largest]),
      );
      return rates;
    },
  };
}

async function allZero(params: readonly Param[]): Promise<readonly boolean[]> {
  const largest = tf.tidy(() => tf.stack(params.map(({ variable }) => tf.max(tf.abs(variable)))));
  const values = await largest.data();
  largest.dispose();
  return Array.from(values, (value) => value === 0);
}
