import type { Random } from "@graftjs/core";
import { normal } from "./random-values.ts";

/** Returns a random orthogonal matrix [size, size], row by row. */
export function orthogonalRows(size: number, random: Random): Float64Array[] {
  return orthonormal(randomRows(size, size, random), random);
}

/** Draws `count` rows of `size` normal values. */
export function randomRows(count: number, size: number, random: Random): Float64Array[] {
  return Array.from({ length: count }, () => Float64Array.from(normal(size, random)));
}

/**
 * Makes rows orthonormal by modified Gram–Schmidt in float64. Each row is projected twice, so that rounding leaves an error near
 * 1e-16. A row that depends on the rows before it is replaced by a random one.
 */
export function orthonormal(rows: readonly Float64Array[], random: Random): Float64Array[] {
  const done: Float64Array[] = [];
  for (const given of rows) {
    let row = given.slice();
    let [before, norm] = [Math.sqrt(dot(row, row)), 0];
    for (;;) {
      for (const other of [...done, ...done]) addScaled(row, other, -dot(row, other));
      norm = Math.sqrt(dot(row, row));
      if (norm > 1e-10 * before) break;
      row = Float64Array.from(normal(row.length, random));
      before = Math.sqrt(dot(row, row));
    }
    done.push(row.map((value) => value / norm));
  }
  return done;
}

/** Computes the inner product of two rows. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** Adds `factor` · `b` to `a`. */
export function addScaled(a: Float64Array, b: Float64Array, factor: number): void {
  for (let i = 0; i < a.length; i++) a[i] = (a[i] as number) + factor * (b[i] as number);
}
