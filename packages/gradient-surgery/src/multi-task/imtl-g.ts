import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { correlation } from "./correlation.ts";
import { eigen, pseudoSolve } from "./eigen.ts";
import { RANK_TOLERANCE } from "./rank-tolerance.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

export interface ImtlGOptions extends WeighingOptions {}

export const imtlGOptions: OptionsSchema<ImtlGOptions> = optionsSchema<ImtlGOptions>({
  granularity: granularityOption,
});

/**
 * IMTL-G (Liu et al. 2021, "Towards Impartial Multi-task Learning", in the form of Quinton & Rey 2024 that also serves
 * dependent gradients): the combination whose projection on every task's direction is equal; v = G⁺(‖g₁‖ … ‖g_m‖),
 * weights v/Σv, and 0 where Σv vanishes. Weights may be negative: with strong conflicts it may go against a task's
 * gradient. No state.
 *
 * @throws OptionsError if an option is out of range or unknown.
 */
export function imtlG(options: ImtlGOptions = {}): WeighingCombiner<null> {
  imtlGOptions.parse("imtl-g", options);
  return weighingCombiner("imtl-g", options, (gram) => {
    const { m, norms, cosines } = correlation(gram);
    const largest = Math.max(...norms);
    if (largest === 0) return new Float64Array(m);
    const parts = eigen(cosines);
    const full = (parts.values[0] as number) > RANK_TOLERANCE * (parts.values[m - 1] as number);
    // With independent gradients G⁻¹d = D⁻¹C⁻¹1, which does not mind that they differ in size.
    const v = full
      ? pseudoSolve(parts, new Float64Array(m).fill(1), 0).map((y, i) => (y / (norms[i] as number)) * largest)
      : pseudoSolve(
          eigen(gram.map((value) => value / largest / largest)),
          norms.map((norm) => norm / largest),
          RANK_TOLERANCE,
        );
    const sum = v.reduce((a, b) => a + b, 0);
    const size = v.reduce((a, b) => a + Math.abs(b), 0);
    return Math.abs(sum) <= 1e-12 * size ? new Float64Array(m) : v.map((value) => value / sum);
  });
}
