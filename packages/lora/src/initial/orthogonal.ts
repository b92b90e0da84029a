import type { Random } from "@graftjs/core";
import { normal } from "./random-values.ts";

/**
 * Returns a random orthogonal matrix [size, size], row by row: normal values, made orthogonal by modified Gram–Schmidt in
 * float64. Each row is projected twice, so that rounding leaves an error near 1e-16.
 */
export function orthogonalRows(size: number, random: Random): Float64Array[] {
  const rows: Float64Array[] = [];
  while (rows.length < size) {
    const row = Float64Array.from(normal(size, random));
    for (const other of [...rows, ...rows]) {
      const overlap = row.reduce((sum, value, i) => sum + value * (other[i] as number), 0);
      for (let i = 0; i < size; i++) row[i] = (row[i] as number) - overlap * (other[i] as number);
    }
    const norm = Math.hypot(...row);
    if (norm > 1e-6) rows.push(row.map((value) => value / norm));
  }
  return rows;
}
