import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { correlation } from "./correlation.ts";
import { eigen, pseudoSolve } from "./eigen.ts";
import { RANK_TOLERANCE } from "./rank-tolerance.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

/** Options of {@link conFig}. */
export interface ConFigOptions extends WeighingOptions {}

/** Schema of {@link ConFigOptions}. */
export const conFigOptions: OptionsSchema<ConFigOptions> = optionsSchema<ConFigOptions>({
  granularity: granularityOption,
});

/**
 * Finds the direction with equal positive cosines to the gradients of all tasks: ConFIG (Liu, Chu & Thuerey 2024, "Towards
 * Conflict-free Training of Physics Informed Neural Networks", equation 2).
 *
 * The rows of Ū are the unit gradients, and û = Ū⁺1. The update is (Σ gᵢ·u)·u, with the unit vector u of û. All tasks count
 * equally, whatever the size of their gradients. The combiner has no state.
 *
 * @throws OptionsError if an option is unknown or out of range.
 */
export function conFig(options: ConFigOptions = {}): WeighingCombiner<null> {
  conFigOptions.parse("con-fig", options);
  return weighingCombiner("con-fig", options, (gram) => {
    const { m, norms, cosines } = correlation(gram);
    const y = pseudoSolve(eigen(cosines), new Float64Array(m).fill(1), RANK_TOLERANCE);
    // Cy contains the dot products of û with the unit gradients, and y·Cy is ‖û‖².
    const along = y.map((_, i) => y.reduce((sum, v, j) => sum + (cosines[i * m + j] as number) * v, 0));
    const square = y.reduce((sum, v, i) => sum + v * (along[i] as number), 0);
    if (!(square > 0)) return new Float64Array(m);
    const length = norms.reduce((sum, norm, i) => sum + norm * (along[i] as number), 0) / square;
    return y.map((v, i) => (norms[i] === 0 ? 0 : (length * v) / (norms[i] as number)));
  });
}
