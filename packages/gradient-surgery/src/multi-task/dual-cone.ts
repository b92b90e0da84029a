import type { Correlation } from "./correlation.ts";
import { solveQuadraticProgram } from "./quadratic-program.ts";

/**
 * Weights of the projection of Jᵀu onto the dual cone of the rows of J, { d : J d ≥ 0 }: the v ≥ u that minimizes vᵀGv
 * (Quinton & Rey 2024, proposition 1; Lopez-Paz & Ranzato 2017, equation 11).
 *
 * Exact to float64: TorchJD adds 1e-4 to the diagonal of the normalized Gramian, which this solver does not need.
 */
export function projectOntoDualCone({ m, norms, cosines }: Correlation, u: ArrayLike<number>): Float64Array {
  // v = u + D⁻¹z·scale turns it into a program in the cosines, of unit size whatever the sizes of the gradients.
  const sized = Float64Array.from({ length: m }, (_, i) => (norms[i] as number) * (u[i] as number));
  const scale = sized.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const v = Float64Array.from(u);
  const live = [...norms.keys()].filter((i) => (norms[i] as number) > 0);
  if (scale === 0) return v;
  const P = Float64Array.from(live.flatMap((i) => live.map((j) => cosines[i * m + j] as number)));
  const q = Float64Array.from(live, (i) =>
    live.reduce((sum, j) => sum + ((cosines[i * m + j] as number) * (sized[j] as number)) / scale, 0),
  );
  // Already in the cone: nothing to solve, and no rounding.
  if (q.every((dot) => dot >= 0)) return v;
  const z = solveQuadraticProgram({ P, q });
  for (const [k, i] of live.entries()) v[i] = (v[i] as number) + ((z[k] as number) * scale) / (norms[i] as number);
  return v;
}
