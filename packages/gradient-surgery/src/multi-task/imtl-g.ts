import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { correlation } from "./correlation.ts";
import { eigen, pseudoSolve } from "./eigen.ts";
import { RANK_TOLERANCE } from "./rank-tolerance.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

/** Options of {@link imtlG}. */
export interface ImtlGOptions extends WeighingOptions {}

/** Schema of {@link ImtlGOptions}. */
export const imtlGOptions: OptionsSchema<ImtlGOptions> = optionsSchema<ImtlGOptions>({
  granularity: granularityOption,
});

/**
 * Finds the combination with equal projections on the directions of all tasks: IMTL-G (Liu et al. 2021, "Towards Impartial
 * Multi-task Learning"). The form of Quinton & Rey 2024 also works for dependent gradients: the weights are v/Σv with
 * v = G⁺(‖g₁‖ … ‖g_m‖), or 0 if Σv is 0.
 *
 * Weights can be negative. With strong conflicts the update can make a task worse. The combiner has no state.
 *
 * @throws OptionsError if an option is unknown or out of range.
 */
export function imtlG(options: ImtlGOptions = {}): WeighingCombiner<null> {
  imtlGOptions.parse("imtl-g", options);
  return weighingCombiner("imtl-g", options, (gram) => {
    const { m, norms, cosines } = correlation(gram);
    const largest = Math.max(...norms);
    if (largest === 0) return new Float64Array(m);
    const parts = eigen(cosines);
    const full = (parts.values[0] as number) > RANK_TOLERANCE * (parts.values[m - 1] as number);
    // For independent gradients G⁻¹d = D⁻¹C⁻¹1, which is exact even if the gradients differ much in size.
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
