import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { correlation } from "./correlation.ts";
import { eigen, pseudoSolve } from "./eigen.ts";
import { RANK_TOLERANCE } from "./rank-tolerance.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

export interface ConFigOptions extends WeighingOptions {}

export const conFigOptions: OptionsSchema<ConFigOptions> = optionsSchema<ConFigOptions>({
  granularity: granularityOption,
});

/**
 * ConFIG (Liu, Chu & Thuerey 2024, "Towards Conflict-free Training of Physics Informed Neural Networks", equation 2): the
 * direction u with the same positive cosine to every task's gradient, û = Ū⁺1 with the unit gradients as rows of Ū, made
 * as long as the sum of the projections on it: (Σ gᵢ·u)·u. Each task counts the same whatever its size. No state.
 *
 * @throws OptionsError if an option is out of range or unknown.
 */
export function conFig(options: ConFigOptions = {}): WeighingCombiner<null> {
  conFigOptions.parse("con-fig", options);
  return weighingCombiner("con-fig", options, (gram) => {
    const { m, norms, cosines } = correlation(gram);
    const y = pseudoSolve(eigen(cosines), new Float64Array(m).fill(1), RANK_TOLERANCE);
    // Cy holds the dot products of û with the unit gradients, and y·Cy is ‖û‖².
    const along = y.map((_, i) => y.reduce((sum, v, j) => sum + (cosines[i * m + j] as number) * v, 0));
    const square = y.reduce((sum, v, i) => sum + v * (along[i] as number), 0);
    if (!(square > 0)) return new Float64Array(m);
    const length = norms.reduce((sum, norm, i) => sum + norm * (along[i] as number), 0) / square;
    return y.map((v, i) => (norms[i] === 0 ? 0 : (length * v) / (norms[i] as number)));
  });
}
