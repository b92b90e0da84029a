import type { Correlation } from "./correlation.ts";
import { solveQuadraticProgram } from "./quadratic-program.ts";

/**
 * Projects Jᵀu onto the dual cone { d : J d ≥ 0 } of the rows of J. Returns the weights: the v ≥ u that minimizes vᵀGv
 * (Quinton & Rey 2024, proposition 1; Lopez-Paz & Ranzato 2017, equation 11).
 *
 * The result is exact to float64. TorchJD adds 1e-4 to the diagonal of the normalized Gramian; this solver does not need it.
 */
export function projectOntoDualCone({ m, norms, cosines }: Correlation, u: ArrayLike<number>): Float64Array {
  // With v = u + D⁻¹z·scale it is a program in the cosines. Its numbers are near 1 for gradients of any size.
  const sized = Float64Array.from({ length: m }, (_, i) => (norms[i] as number) * (u[i] as number));
  const scale = sized.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const v = Float64Array.from(u);
  const nonZero = [...norms.keys()].filter((i) => (norms[i] as number) > 0);
  if (scale === 0) return v;
  const P = Float64Array.from(nonZero.flatMap((i) => nonZero.map((j) => cosines[i * m + j] as number)));
  const q = Float64Array.from(nonZero, (i) =>
    nonZero.reduce((sum, j) => sum + ((cosines[i * m + j] as number) * (sized[j] as number)) / scale, 0),
  );
  // If u is already in the cone, v is u, without rounding.
  if (q.every((dot) => dot >= 0)) return v;
  const z = solveQuadraticProgram({ P, q });
  for (const [k, i] of nonZero.entries()) v[i] = (v[i] as number) + ((z[k] as number) * scale) / (norms[i] as number);
  return v;
}
