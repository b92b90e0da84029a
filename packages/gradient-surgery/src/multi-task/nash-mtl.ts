import { type OptionsSchema, optionsSchema, type WeighingCombiner } from "@graftjs/core";
import { cholesky, solveCholesky } from "./cholesky.ts";
import { type Correlation, correlation } from "./correlation.ts";
import { granularityOption, type WeighingOptions, weighingCombiner } from "./weighing-combiner.ts";

export interface NashMtlOptions extends WeighingOptions {
  /** Largest norm of the result, > 0. @default 1 */
  readonly maxNorm?: number;
}

export const nashMtlOptions: OptionsSchema<NashMtlOptions, "maxNorm"> = optionsSchema<NashMtlOptions, "maxNorm">({
  maxNorm: { type: "number", exclusiveMinimum: 0, default: 1, description: "Largest norm of the result" },
  granularity: granularityOption,
});

/**
 * Nash-MTL (Navon et al. 2022, algorithm 1): the bargaining solution, Gα = 1/α with α > 0. Its direction does not depend
 * on the sizes of the gradients. Its length would be √m: `maxNorm` caps it, as the authors' code does.
 *
 * The equation is the optimality condition of min ½αᵀGα − Σ log αᵢ, which is convex: solved by Newton to float64, every
 * step again; the authors approximate it by a sequence of convex programs and keep the last result between steps.
 * No state. A task whose gradient is 0 gets weight 0.
 *
 * @throws OptionsError if an option is out of range or unknown.
 */
export function nashMtl(options: NashMtlOptions = {}): WeighingCombiner<null> {
  const { maxNorm } = nashMtlOptions.parse("nash-mtl", options);
  return weighingCombiner("nash-mtl", options, (gram) => {
    const { m, norms, cosines } = correlation(gram);
    const live = [...norms.keys()].filter((i) => (norms[i] as number) > 0);
    const C = Float64Array.from(live.flatMap((i) => live.map((j) => cosines[i * m + j] as number)));
    const beta = bargain(C, live.length);
    const square = beta.reduce((sum, a, i) => sum + a * row(C, beta, i), 0);
    const norm = Math.sqrt(Math.max(square, 0));
    const factor = norm > maxNorm ? maxNorm / norm : 1;
    const weights = new Float64Array(m);
    for (const [k, i] of live.entries()) weights[i] = ((beta[k] as number) * factor) / (norms[i] as number);
    return weights;
  });
}

/** Keeps gradients that cancel each other from growing without bound; far below what it would change elsewhere. */
const RIDGE = 1e-9;

/** β > 0 with Cβ = 1/β: damped Newton on ½βᵀCβ − Σ log βᵢ, which is self-concordant, so that it cannot fail. */
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
