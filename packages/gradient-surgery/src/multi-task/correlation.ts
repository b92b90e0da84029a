/** A Gramian as norms and cosines: G = D C D. */
export interface Correlation {
  /** Number of tasks. */
  readonly m: number;
  /** Norm of the gradient of each task. */
  readonly norms: Float64Array;
  /** Cosines between tasks, row-major. A zero gradient has cosine 0 with every gradient, including itself. */
  readonly cosines: Float64Array;
}

/**
 * Splits a Gramian into norms and cosines. Solvers use the cosines C instead of G: if gradients differ in size by 1e20, G is
 * useless in float64, but C is not affected.
 */
export function correlation(gram: Float64Array): Correlation {
  const m = Math.sqrt(gram.length);
  const norms = Float64Array.from({ length: m }, (_, i) => Math.sqrt(Math.max(gram[i * m + i] as number, 0)));
  const cosines = gram.map((value, k) => {
    const [a, b] = [norms[Math.floor(k / m)] as number, norms[k % m] as number];
    if (a === 0 || b === 0) return 0;
    return k % (m + 1) === 0 ? 1 : Math.min(1, Math.max(-1, value / a / b));
  });
  return { m, norms, cosines };
}
