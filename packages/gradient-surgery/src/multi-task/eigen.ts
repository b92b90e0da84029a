/** Eigenvalues in ascending order, with their vectors: `vectors[k]` belongs to `values[k]`. */
export interface Eigen {
  readonly values: Float64Array;
  readonly vectors: readonly Float64Array[];
}

/**
 * Computes the eigenvalues and orthonormal eigenvectors of a symmetric matrix by cyclic Jacobi rotations (Golub & Van Loan,
 * 4th ed., algorithm 8.5.3). It converges quadratically, and is the simplest exact method for matrices of this size.
 *
 * @param a row-major m × m, symmetric and finite. It is not changed.
 */
export function eigen(a: Float64Array): Eigen {
  const m = Math.sqrt(a.length);
  const s = a.slice();
  const v = Float64Array.from({ length: m * m }, (_, k) => (k % (m + 1) === 0 ? 1 : 0));
  const size = Math.hypot(...a);
  for (let sweep = 0; sweep < 30 && offDiagonal(s, m) > 1e-15 * size; sweep++) {
    for (let p = 0; p < m; p++) for (let q = p + 1; q < m; q++) rotate(s, v, m, p, q);
  }
  const order = Array.from({ length: m }, (_, k) => k).sort((p, q) => at(s, m, p, p) - at(s, m, q, q));
  return {
    values: Float64Array.from(order, (k) => at(s, m, k, k)),
    vectors: order.map((k) => Float64Array.from({ length: m }, (_, i) => at(v, m, i, k))),
  };
}

/**
 * Computes A⁺b for a symmetric positive semidefinite A.
 *
 * @param tolerance eigenvalues below `tolerance` times the largest count as 0.
 */
export function pseudoSolve({ values, vectors }: Eigen, b: ArrayLike<number>, tolerance: number): Float64Array {
  const x = new Float64Array(values.length);
  const floor = tolerance * Math.max(...values);
  vectors.forEach((vector, k) => {
    const value = values[k] as number;
    if (value <= floor) return;
    const along = vector.reduce((sum, v, i) => sum + v * (b[i] as number), 0) / value;
    for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) + along * (vector[i] as number);
  });
  return x;
}

function at(a: Float64Array, m: number, i: number, j: number): number {
  return a[i * m + j] as number;
}

function offDiagonal(s: Float64Array, m: number): number {
  return Math.hypot(...s.filter((_, k) => k % (m + 1) !== 0));
}

/** Applies one Jacobi rotation that makes s[p, q] zero. */
function rotate(s: Float64Array, v: Float64Array, m: number, p: number, q: number): void {
  const pq = at(s, m, p, q);
  if (pq === 0) return;
  const tau = (at(s, m, q, q) - at(s, m, p, p)) / (2 * pq);
  const t = (tau < 0 ? -1 : 1) / (Math.abs(tau) + Math.hypot(1, tau));
  const cos = 1 / Math.hypot(1, t);
  const sin = t * cos;
  for (let k = 0; k < m; k++) {
    const [a, b] = [at(s, m, k, p), at(s, m, k, q)];
    s[k * m + p] = cos * a - sin * b;
    s[k * m + q] = sin * a + cos * b;
  }
  for (let k = 0; k < m; k++) {
    const [a, b] = [at(s, m, p, k), at(s, m, q, k)];
    s[p * m + k] = cos * a - sin * b;
    s[q * m + k] = sin * a + cos * b;
  }
  for (let k = 0; k < m; k++) {
    const [a, b] = [at(v, m, k, p), at(v, m, k, q)];
    v[k * m + p] = cos * a - sin * b;
    v[k * m + q] = sin * a + cos * b;
  }
}
