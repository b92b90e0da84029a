/** One line of the comparison. */
export interface Row {
  readonly name: string;
  readonly newAccuracy: number;
  readonly trained: number;
  readonly total: number;
  readonly secondsPerEpoch: number | undefined;
  readonly peakBytes: number | undefined;
  readonly statisticsMoved: number | undefined;
  readonly statistics: number;
  readonly oldAccuracy: number;
}

/** Prints the comparison, one row per model. */
export function printTable(rows: readonly Row[]): void {
  const head = ["", "new task", "trained", "s/epoch", "peak memory", "BN moved", "old digits"];
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const body = rows.map((row) => [
    row.name,
    percent(row.newAccuracy),
    row.trained === 0 ? "–" : `${row.trained.toLocaleString("en")} (${percent(row.trained / row.total)})`,
    row.secondsPerEpoch?.toFixed(2) ?? "–",
    row.peakBytes === undefined ? "–" : `${(row.peakBytes / 1e6).toFixed(1)} MB`,
    row.statisticsMoved === undefined
      ? "–"
      : row.statisticsMoved === 0
        ? "none"
        : `${row.statisticsMoved} of ${row.statistics}`,
    percent(row.oldAccuracy),
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((line) => (line[i] as string).length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
      .join("  ");
  console.log(`\n${line(head)}\n${widths.map((width) => "─".repeat(width)).join("──")}`);
  for (const cells of body) console.log(line(cells));
  console.log();
}
