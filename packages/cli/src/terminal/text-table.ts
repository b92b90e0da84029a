/**
 * Aligns the columns of a table with spaces.
 *
 * @param align side to which the columns after the first are aligned. The first is always aligned to the left.
 * @returns one line per row, without spaces at its end.
 */
export function textTable(rows: readonly (readonly string[])[], align: "left" | "right"): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i > 0 && align === "right" ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
