import { type HookedOptimizer, type OptionsSchema, optionsSchema, type Param, type ParamInfo } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type MeasureGradientsOptions, measureGradients } from "./measure-gradients.ts";

/** Options of {@link autoSnr}. */
export interface AutoSnrOptions {
  /** Tensors with a smaller ratio are frozen until the next measurement, ≥ 0. @default 0.95 */
  readonly threshold?: number;
}

/** Freezes tensors with a low signal-to-noise ratio. */
export interface AutoSnr {
  /** Measures, then freezes and unfreezes. Call it before each epoch with about five batches. Returns the ratios by name. */
  measure(options: MeasureGradientsOptions): Promise<{ readonly [name: string]: number }>;
}

/** Schema of {@link AutoSnrOptions}. */
export const autoSnrOptions: OptionsSchema<AutoSnrOptions, "threshold"> = optionsSchema<AutoSnrOptions, "threshold">({
  threshold: { type: "number", minimum: 0, default: 0.95, description: "Tensors with a smaller ratio are frozen" },
});

/**
 * Trains only tensors with a gradient that exceeds its noise: Auto-SNR (Lee et al. 2023, "Surgical Fine-Tuning", section 4; the
 * evidence criterion of Mahsereci et al. 2017). A tensor trains if mean(g² / (var(g) + 1e-8)) ≥ threshold, with the variance
 * over output units. Other tensors are frozen and keep their state.
 *
 * The tensor with the largest ratio always trains. So does a tensor of one unit, which has no variance. Parameters of
 * normalization are not measured and not changed.
 *
 * @throws OptionsError if `threshold` is negative.
 */
export function autoSnr(optimizer: HookedOptimizer, options: AutoSnrOptions = {}): AutoSnr {
  const { threshold } = autoSnrOptions.parse("auto-snr", options);
  const measured = optimizer.params.filter(({ role }) => role !== "gamma" && role !== "beta");
  return {
    async measure(measureOptions) {
      const means = await measureGradients(measured, measureOptions, (param, grad) => {
        const n = units(param);
        const { variance } = tf.moments(grad, [...param.unitAxes], true);
        // The code of the paper uses the unbiased variance. A single unit has none.
        const noise = tf.mul(variance, n / Math.max(n - 1, 1));
        return tf.mean(tf.div(tf.square(grad), tf.add(noise, 1e-8)));
      });
      const ratios = means.map((ratio, i) => (units(measured[i] as Param) < 2 ? Number.POSITIVE_INFINITY : ratio));
      const best = Math.max(...ratios);
      const keep = new Set(
        measured.filter((_, i) => (ratios[i] as number) >= threshold || ratios[i] === best).map(({ name }) => name),
      );
      const freeze = new Set(measured.map(({ name }) => name).filter((name) => !keep.has(name)));
      optimizer.unfreeze(({ name }) => keep.has(name));
      if (freeze.size > 0) optimizer.freeze(({ name }) => freeze.has(name));
      return Object.fromEntries(measured.map(({ name }, i) => [name, ratios[i] as number]));
    },
  };
}

function units({ shape, unitAxes }: ParamInfo): number {
  return unitAxes.reduce((n, axis) => n * (shape[axis] as number), 1);
}
