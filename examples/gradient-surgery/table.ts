/** Formats mean ± standard deviation over seeds, in percent. */
export function percent(values: readonly number[]): string {
  const { mean, deviation } = spread(values.map((v) => 100 * v));
  return `${mean.toFixed(1)} ± ${deviation.toFixed(1)}`;
}

/** Computes the mean and the standard deviation. */
export function spread(values: readonly number[]): { readonly mean: number; readonly deviation: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}

/** Formats a table. The first column is aligned left, the others right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, k) => Math.max(...rows.map((row) => row[k]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, k) => (k === 0 ? cell.padEnd(widths[k] ?? 0) : cell.padStart(widths[k] ?? 0))).join("   ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}
