/** Computes the lower factor L of A = L Lᵀ, row-major. Returns undefined if A is not positive definite. */
export function cholesky(a: Float64Array): Float64Array | undefined {
  const m = Math.sqrt(a.length);
  const l = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = a[i * m + j] as number;
      for (let k = 0; k < j; k++) rest -= (l[i * m + k] as number) * (l[j * m + k] as number);
      if (i === j) {
        if (!(rest > 0)) return undefined;
        l[i * m + i] = Math.sqrt(rest);
      } else l[i * m + j] = rest / (l[j * m + j] as number);
    }
  }
  return l;
}

/** Solves L Lᵀ x = b. */
export function solveCholesky(l: Float64Array, b: Float64Array): Float64Array {
  const m = b.length;
  const x = b.slice();
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < i; k++) x[i] = (x[i] as number) - (l[i * m + k] as number) * (x[k] as number);
    x[i] = (x[i] as number) / (l[i * m + i] as number);
  }
  for (let i = m - 1; i >= 0; i--) {
    for (let k = i + 1; k < m; k++) x[i] = (x[i] as number) - (l[k * m + i] as number) * (x[k] as number);
    x[i] = (x[i] as number) / (l[i * m + i] as number);
  }
  return x;
}
