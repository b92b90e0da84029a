import { type HookedOptimizer, type OptionsSchema, optionsSchema, type Param, type ParamInfo } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type MeasureGradientsOptions, measureGradients } from "./measure-gradients.ts";

export interface AutoSnrOptions {
  /** Tensors below it are frozen until the next probe. @default 0.95 */
  readonly threshold?: number;
}

export interface AutoSnr {
  /** Measures again, then freezes and unfreezes; call it before each epoch, on about five batches. Returns each ratio. */
  probe(options: MeasureGradientsOptions): Promise<{ readonly [name: string]: number }>;
}

export const autoSnrOptions: OptionsSchema<AutoSnrOptions, "threshold"> = optionsSchema<AutoSnrOptions, "threshold">({
  threshold: { type: "number", minimum: 0, default: 0.95, description: "Tensors below it are frozen" },
});

/**
 * Auto-SNR (Lee et al. 2023, "Surgical Fine-Tuning", section 4; the evidence criterion of Mahsereci et al. 2017): trains
 * the tensors whose gradient says more than noise, mean(g² / (var(g) + 1e-8)) ≥ threshold with the variance over output
 * units, and freezes the others. Slots of what is frozen are kept. The best one is always trained, and so is a tensor of
 * one unit, which has no variance; parameters of normalization are not probed and stay as they are.
 *
 * @throws OptionsError where `threshold` is negative.
 */
export function autoSnr(optimizer: HookedOptimizer, options: AutoSnrOptions = {}): AutoSnr {
  const { threshold } = autoSnrOptions.parse("auto-snr", options);
  const probed = optimizer.params.filter(({ role }) => role !== "gamma" && role !== "beta");
  return {
    async probe(probeOptions) {
      const means = await measureGradients(probed, probeOptions, (param, grad) => {
        const n = units(param);
        const { variance } = tf.moments(grad, [...param.unitAxes], true);
        // The estimate of the paper's code is unbiased; for a single unit there is none.
        const noise = tf.mul(variance, n / Math.max(n - 1, 1));
        return tf.mean(tf.div(tf.square(grad), tf.add(noise, 1e-8)));
      });
      const ratios = means.map((ratio, i) => (units(probed[i] as Param) < 2 ? Number.POSITIVE_INFINITY : ratio));
      const best = Math.max(...ratios);
      const keep = new Set(
        probed.filter((_, i) => (ratios[i] as number) >= threshold || ratios[i] === best).map(({ name }) => name),
      );
      const freeze = new Set(probed.map(({ name }) => name).filter((name) => !keep.has(name)));
      optimizer.unfreeze(({ name }) => keep.has(name));
      if (freeze.size > 0) optimizer.freeze(({ name }) => freeze.has(name));
      return Object.fromEntries(probed.map(({ name }, i) => [name, ratios[i] as number]));
    },
  };
}

function units({ shape, unitAxes }: ParamInfo): number {
  return unitAxes.reduce((n, axis) => n * (shape[axis] as number), 1);
}
