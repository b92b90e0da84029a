import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { correlation } from "./correlation.ts";
import { solveQuadraticProgram } from "./quadratic-program.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

export interface MgdaOptions extends WeighingOptions {}

export const mgdaOptions: OptionsSchema<MgdaOptions> = optionsSchema<MgdaOptions>({ granularity: granularityOption });

/**
 * MGDA (Désidéri 2012; Sener & Koltun 2018, equation 3): the shortest vector in the convex hull of the tasks' gradients,
 * min ‖Σαᵢgᵢ‖² over αᵢ ≥ 0, Σαᵢ = 1. No task gets worse to first order; the task with the smallest gradient decides, and
 * one whose gradient is 0 stops everything. Solved exactly, not by the 100 Frank–Wolfe steps of the usual code. No state.
 *
 * @throws OptionsError if an option is out of range or unknown.
 */
export function mgda(options: MgdaOptions = {}): WeighingCombiner<null> {
  mgdaOptions.parse("mgda", options);
  return weighingCombiner("mgda", options, (gram) => {
    const { m, norms, cosines } = correlation(gram);
    const least = Math.min(...norms);
    if (least === 0) return norms.map((norm, i) => (i === norms.indexOf(0) && norm === 0 ? 1 : 0));
    // In z = Dα/least the objective is in the cosines; the simplex becomes Σ zᵢ·least/‖gᵢ‖ = 1.
    const sum = norms.map((norm) => least / norm);
    const z = solveQuadraticProgram({ P: cosines, q: new Float64Array(m), sum });
    const alpha = z.map((v, i) => v * (sum[i] as number));
    const total = alpha.reduce((a, b) => a + b, 0);
    return alpha.map((a) => a / total);
  });
}
