import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { correlation } from "./correlation.ts";
import { solveQuadraticProgram } from "./quadratic-program.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

/** Options of {@link mgda}. */
export interface MgdaOptions extends WeighingOptions {}

/** Schema of {@link MgdaOptions}. */
export const mgdaOptions: OptionsSchema<MgdaOptions> = optionsSchema<MgdaOptions>({ granularity: granularityOption });

/**
 * Finds the shortest vector in the convex hull of the gradients: MGDA (Désidéri 2012; Sener & Koltun 2018, equation 3). It
 * minimizes ‖Σαᵢgᵢ‖² over αᵢ ≥ 0 with Σαᵢ = 1.
 *
 * No task gets worse to first order. The task with the smallest gradient dominates, and a task with a zero gradient stops
 * training. The problem is solved exactly, not by 100 Frank–Wolfe steps as in other code. The combiner has no state.
 *
 * @throws OptionsError if an option is unknown or out of range.
 */
export function mgda(options: MgdaOptions = {}): WeighingCombiner<null> {
  mgdaOptions.parse("mgda", options);
  return weighingCombiner("mgda", options, (gram) => {
    const { m, norms, cosines } = correlation(gram);
    const smallest = Math.min(...norms);
    if (smallest === 0) return norms.map((norm, i) => (i === norms.indexOf(0) && norm === 0 ? 1 : 0));
    // With z = Dα/smallest the objective is in the cosines, and the simplex becomes Σ zᵢ·smallest/‖gᵢ‖ = 1.
    const sum = norms.map((norm) => smallest / norm);
    const z = solveQuadraticProgram({ P: cosines, q: new Float64Array(m), sum });
    const alpha = z.map((v, i) => v * (sum[i] as number));
    const total = alpha.reduce((a, b) => a + b, 0);
    return alpha.map((a) => a / total);
  });
}
