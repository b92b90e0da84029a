import { assertOptions, type HookedOptimizer, type OptionsSchema, optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type ProbeOptions, probeGradients } from "./probe-gradients.ts";

export interface AutoSnrOptions {
  /** Tensors below it are frozen until the next probe. @default 0.95 */
  readonly threshold?: number;
}

export interface AutoSnr {
  /** Measures anew, then freezes and unfreezes; call it before each epoch, on about five batches. Returns each ratio. */
  probe(options: ProbeOptions): Promise<{ readonly [name: string]: number }>;
}

export const autoSnrOptions: OptionsSchema<AutoSnrOptions> = optionsSchema<AutoSnrOptions>({
  threshold: { type: "number", minimum: 0, default: 0.95, description: "Tensors below it are frozen" },
});

/**
 * Auto-SNR (Lee et al. 2023, "Surgical Fine-Tuning", section 4; the evidence criterion of Mahsereci et al. 2017): trains
 * the tensors whose gradient says more than noise, mean(g² / (var(g) + 1e-8)) ≥ threshold with the variance over output
 * units, and freezes the others. Slots of what is frozen are kept. The best one is always trained; parameters of
 * normalization are not probed and stay as they are.
 *
 * @throws OptionsError where `threshold` is negative.
 */
export function autoSnr(optimizer: HookedOptimizer, options: AutoSnrOptions = {}): AutoSnr {
  assertOptions("auto-snr", autoSnrOptions, options);
  const { threshold = 0.95 } = options;
  const probed = optimizer.params.filter(({ role }) => role !== "gamma" && role !== "beta");
  return {
    async probe(probeOptions) {
      const ratios = await probeGradients(probed, probeOptions, ({ unitAxes }, grad) => {
        const axis = unitAxes.length > 0 ? [...unitAxes] : undefined;
        const { variance } = tf.moments(grad, axis, true);
        return tf.mean(tf.div(tf.square(grad), tf.add(variance, 1e-8)));
      });
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
