import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { cholesky, solveCholesky } from "./cholesky.ts";
import { type Correlation, correlation } from "./correlation.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

/** Options of {@link nashMtl}. */
export interface NashMtlOptions extends WeighingOptions {
  /** Largest norm of the result, > 0. @default 1 */
  readonly maxNorm?: number;
}

/** Schema of {@link NashMtlOptions}. */
export const nashMtlOptions: OptionsSchema<NashMtlOptions, "maxNorm"> = optionsSchema<NashMtlOptions, "maxNorm">({
  maxNorm: { type: "number", exclusiveMinimum: 0, default: 1, description: "Largest norm of the result" },
  granularity: granularityOption,
});

/**
 * Finds the Nash bargaining solution between the tasks: Nash-MTL (Navon et al. 2022, algorithm 1). It solves Gα = 1/α with
 * α > 0. The direction does not depend on the sizes of the gradients. The length would be √m; `maxNorm` limits it, as in the
 * authors' code.
 *
 * The equation is the optimality condition of the convex problem min ½αᵀGα − Σ log αᵢ. Newton's method solves it to float64 at
 * every step. The authors approximate it by a sequence of convex programs and reuse results of earlier steps. A task with a
 * zero gradient gets weight 0. The combiner has no state.
 *
 * @throws OptionsError if an option is unknown or out of range.
 */
export function nashMtl(options: NashMtlOptions = {}): WeighingCombiner<null> {
  const { maxNorm } = nashMtlOptions.parse("nash-mtl", options);
  return weighingCombiner("nash-mtl", options, (gram) => {
    const { m, norms, cosines } = correlation(gram);
    const nonZero = [...norms.keys()].filter((i) => (norms[i] as number) > 0);
    const C = Float64Array.from(nonZero.flatMap((i) => nonZero.map((j) => cosines[i * m + j] as number)));
    const beta = bargain(C, nonZero.length);
    const square = beta.reduce((sum, a, i) => sum + a * row(C, beta, i), 0);
    const norm = Math.sqrt(Math.max(square, 0));
    const factor = norm > maxNorm ? maxNorm / norm : 1;
    const weights = new Float64Array(m);
    for (const [k, i] of nonZero.entries()) weights[i] = ((beta[k] as number) * factor) / (norms[i] as number);
    return weights;
  });
}

/** Bounds the weights of gradients that cancel each other. It is too small to matter for other gradients. */
const RIDGE = 1e-9;

/** Solves Cβ = 1/β for β > 0 by damped Newton on ½βᵀCβ − Σ log βᵢ. This function is self-concordant, so Newton converges. */
function bargain(C: Correlation["cosines"], m: number): Float64Array {
  let beta = new Float64Array(m).fill(1);
  for (let i = 0; i < 200; i++) {
    const slope = beta.map((b, k) => row(C, beta, k) + RIDGE * b - 1 / b);
    const hessian = C.map((c, k) => (k % (m + 1) === 0 ? c + RIDGE + (beta[k % m] as number) ** -2 : c));
    const factor = cholesky(hessian);
    if (!factor) break;
    const step = solveCholesky(factor, slope);
    const decrement = Math.sqrt(slope.reduce((sum, s, k) => sum + s * (step[k] as number), 0));
    const share = decrement > 0.25 ? 1 / (1 + decrement) : 1;
    beta = beta.map((b, k) => b - share * (step[k] as number));
    if (!(decrement > 1e-14)) break;
  }
  return beta;
}

function row(C: Float64Array, beta: Float64Array, i: number): number {
  const m = beta.length;
  return beta.reduce((sum, b, j) => sum + (C[i * m + j] as number) * b, 0);
}
