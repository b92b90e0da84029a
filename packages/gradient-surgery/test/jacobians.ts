/** Makes the same Jacobians as oracle.py. `m` tasks, `n` parameters. */
export function jacobian(kind: string, seed: number, m: number, n: number, scales: readonly number[]): number[][] {
  const draw = mulberry(seed);
  let rows =
    kind === "golden"
      ? [
          [1, 0, 1],
          [-1, 0.5, 0],
        ]
      : Array.from({ length: m }, () => Array.from({ length: n }, draw));
  const first = rows[0] as number[];
  if (kind === "conflicting") {
    const mean = first.map((_, k) => rows.reduce((sum, row) => sum + (row[k] as number), 0) / m);
    rows = rows.map((row) => row.map((v, k) => v - 0.9 * (mean[k] as number)));
  }
  if (kind === "aligned")
    rows = rows.map((row, i) => (i === 0 ? row : row.map((v, k) => (first[k] as number) + 0.5 * v)));
  if (kind === "dependent") rows[m - 1] = first.map((v, k) => 2 * v - 0.5 * (rows[1]?.[k] as number));
  if (kind === "twins") rows[m - 1] = [...first];
  if (kind === "zero row") rows[1] = first.map(() => 0);
  return rows.map((row, i) => row.map((v) => v * (scales[i] as number)));
}

/** Returns a generator of seeded numbers in [−1, 1), by mulberry32. */
export function mulberry(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** Computes G = J Jᵀ, row-major. */
export function gramOf(rows: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(
    rows.flatMap((a) => rows.map((b) => a.reduce((sum, v, k) => sum + v * (b[k] as number), 0))),
  );
}

/** Computes Jᵀw. */
export function merged(rows: readonly (readonly number[])[], weights: ArrayLike<number>): number[] {
  return (rows[0] as number[]).map((_, k) =>
    rows.reduce((sum, row, i) => sum + (row[k] as number) * (weights[i] as number), 0),
  );
}

/** Computes ‖a − b‖ / ‖b‖, or ‖a‖ if b is 0. */
export function off(a: readonly number[], b: readonly number[]): number {
  const size = Math.hypot(...b);
  return Math.hypot(...a.map((v, k) => v - (b[k] as number))) / (size === 0 ? 1 : size);
}
