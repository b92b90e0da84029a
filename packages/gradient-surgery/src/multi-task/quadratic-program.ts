import { cholesky, solveCholesky } from "./cholesky.ts";

/** The problem min ½xᵀPx + qᵀx over x ≥ 0. With `sum`, also Σ sumᵢxᵢ = 1. P is symmetric positive semidefinite, row-major. */
export interface QuadraticProgram {
  readonly P: Float64Array;
  readonly q: Float64Array;
  /** Positive coefficients of the equality. Without it, q must be in the range of P. */
  readonly sum?: Float64Array;
}

/**
 * Solves a small quadratic program by a primal-dual interior-point method with the predictor and corrector of Mehrotra
 * (Nocedal & Wright, 2nd ed., algorithm 16.4). It needs no start point and does not cycle. P can be singular, because P plus
 * the diagonal of the barrier is definite.
 *
 * The stopping rule is absolute. So the entries of P should be near 1: pass cosines instead of a Gramian. It takes about 15
 * iterations of m³/3 operations.
 */
export function solveQuadraticProgram({ P, q, sum }: QuadraticProgram): Float64Array {
  const m = q.length;
  let x = new Float64Array(m).fill(sum ? 1 / sum.reduce((a, b) => a + b, 0) : 1);
  let z = new Float64Array(m).fill(1);
  let lambda = 0;
  let before = Number.POSITIVE_INFINITY;
  for (let iteration = 0; iteration < 100; iteration++) {
    const dual = times(P, x).map((v, i) => v + (q[i] as number) - (z[i] as number) - (sum?.[i] ?? 0) * lambda);
    const primal = sum ? dot(sum, x) - 1 : 0;
    const gap = dot(x, z) / m;
    if (gap < 1e-20 && largest(dual) < 1e-12 && Math.abs(primal) < 1e-12) break;
    // Near the rounding error the residuals do not decrease any more.
    if (gap < 1e-17 && gap > 0.5 * before) break;
    before = gap;
    const factor = cholesky(Float64Array.from(P, (v, k) => v + (k % (m + 1) === 0 ? ratio(z, x, k % m) : 0)));
    if (!factor) break;
    const direction = (complement: Float64Array): [Float64Array, Float64Array, number] => {
      const right = dual.map((v, i) => -v - (complement[i] as number) / (x[i] as number));
      let dx = solveCholesky(factor, right);
      let dl = 0;
      if (sum) {
        const along = solveCholesky(factor, sum);
        dl = (-primal - dot(sum, dx)) / dot(sum, along);
        dx = dx.map((v, i) => v + dl * (along[i] as number));
      }
      const dz = dx.map((v, i) => (-(complement[i] as number) - (z[i] as number) * v) / (x[i] as number));
      return [dx, dz, dl];
    };
    const [ax, az] = direction(x.map((v, i) => v * (z[i] as number)));
    const aim = reach(x, ax, 1);
    const aimDual = reach(z, az, 1);
    const after = x.reduce(
      (s, v, i) => s + (v + aim * (ax[i] as number)) * ((z[i] as number) + aimDual * (az[i] as number)),
      0,
    );
    const centre = gap * (after / m / gap) ** 3;
    const corrected = x.map((v, i) => v * (z[i] as number) + (ax[i] as number) * (az[i] as number) - centre);
    const [dx, dz, dl] = direction(corrected);
    // Both use one step length, because the dual residual of a quadratic objective depends on x.
    const step = Math.min(reach(x, dx, 0.995), reach(z, dz, 0.995));
    if (!(step > 1e-12) || dx.some(Number.isNaN)) break;
    x = x.map((v, i) => v + step * (dx[i] as number));
    z = z.map((v, i) => v + step * (dz[i] as number));
    lambda += step * dl;
  }
  return x;
}

/** Computes the largest step in [0, 1] that keeps v + step·d positive, times `share`. */
function reach(v: Float64Array, d: Float64Array, share: number): number {
  let step = 1 / share;
  for (let i = 0; i < v.length; i++) {
    const di = d[i] as number;
    if (di < 0) step = Math.min(step, -(v[i] as number) / di);
  }
  return share * step;
}

function times(P: Float64Array, x: Float64Array): Float64Array {
  const m = x.length;
  return Float64Array.from({ length: m }, (_, i) => dot(P.subarray(i * m, (i + 1) * m), x));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function ratio(z: Float64Array, x: Float64Array, i: number): number {
  return (z[i] as number) / (x[i] as number);
}

function largest(v: Float64Array): number {
  return v.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}
