import { l2Norm, type Param, type RateMultiplier } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type MeasureGradientsOptions, measureGradients } from "./measure-gradients.ts";

/** Learning rate multipliers that follow the relative gradient norms. */
export interface AutoRgn {
  /** Multipliers for `rateMultipliers` of the optimizer. They are 1 until the first measurement, then use the latest one. */
  readonly multipliers: readonly RateMultiplier[];
  /** Measures again. Call it before each epoch with about five batches. Returns the multiplier of each parameter. */
  measure(options: MeasureGradientsOptions): Promise<{ readonly [name: string]: number }>;
}

/**
 * Trains each tensor at a rate in proportion to its relative gradient norm: Auto-RGN (Lee et al. 2023, "Surgical Fine-Tuning",
 * section 4). The rate is γ·r / max r, and r = ‖g‖/‖w‖ is averaged over some batches. So the tensors that the new data pulls
 * most change most.
 *
 * The authors create a new Adam for each epoch. Here only the rates change, and the moments stay. Parameters of normalization
 * are not measured and keep the full rate. So do tensors that are all 0, whose ratio would be infinite.
 */
export function autoRgn(params: readonly Param[]): AutoRgn {
  const measured = params.filter(({ role }) => role !== "gamma" && role !== "beta");
  let rates: { readonly [name: string]: number } = {};
  return {
    multipliers: measured.map(({ name }) => ({
      params: (param) => param.name === name,
      factor: () => rates[name] ?? 1,
    })),
    async measure(options) {
      const ratios = await measureGradients(measured, options, ({ variable }, grad) =>
        tf.divNoNan(l2Norm([grad]), l2Norm([variable])),
      );
      const zero = await allZero(measured);
      const largest = ratios.reduce((max, ratio) => Math.max(max, ratio), 0);
      rates = Object.fromEntries(
        measured.map(({ name }, i) => [name, zero[i] || largest === 0 ? 1 : (ratios[i] as number) / largest]),
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
