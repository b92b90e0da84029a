/** A Gramian split into lengths and cosines: G = D C D. */
export interface Correlation {
  readonly m: number;
  /** Norm of each task's gradient. */
  readonly norms: Float64Array;
  /** Cosines between tasks, row-major; a zero gradient has cosine 0 with everything, itself included. */
  readonly cosines: Float64Array;
}

/**
 * Methods solve with C rather than with G: tasks whose gradients differ in size by 1e20 make G useless in float64, and
 * leave C as it is.
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
