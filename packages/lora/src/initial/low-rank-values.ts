import type { Random } from "@graftjs/core";
import { normal, uniform } from "./random-values.ts";
import { orthogonalRows } from "./orthogonal.ts";

/** How `a` and `b` begin. The model first computes as before with all of them. */
export type Initialization = "default" | "orthogonal" | "pissa";

/** Values of `a` as a matrix [fanIn, rank], and of `b` [rank, outputs], row by row. */
export interface LowRankValues {
  readonly a: Float32Array;
  readonly b: Float32Array;
}

/** Sizes of a low-rank product. */
export interface LowRankSizes {
  readonly fanIn: number;
  readonly rank: number;
  readonly outputs: number;
}

/**
 * Draws the first values of a LoRA adapter, as HF PEFT does. See `pissaValues` for the third way.
 *
 * - `default`: `a` is uniform in ±1/√fanIn (`kaiming_uniform_` with a = √5), `b` is 0. For an embedding `a` is 0 and `b` normal.
 * - `orthogonal`: `a` and `b` use the even and the odd rows of one orthogonal matrix, so that a·b = 0. The rank must be even.
 */
export function lowRankValues(
  initialization: Exclude<Initialization, "pissa">,
  { fanIn, rank, outputs }: LowRankSizes,
  embedding: boolean,
  random: Random,
): LowRankValues {
  if (initialization === "orthogonal") {
    const rows = orthogonalRows(rank, random);
    const half = rank / 2;
    const even = rows.filter((_, i) => i % 2 === 0);
    const odd = rows.filter((_, i) => i % 2 === 1);
    const a = timesRows(normal(fanIn * half, random), odd);
    const b = timesRows(normal(outputs * half, random), even);
    return { a, b: transposed(b, outputs, rank) };
  }
  if (embedding) return { a: new Float32Array(fanIn * rank), b: normal(rank * outputs, random) };
  return { a: uniform(fanIn * rank, 1 / Math.sqrt(fanIn), random), b: new Float32Array(rank * outputs) };
}

/** Computes values [n, rows.length] · rows [rows.length, size] / 10, row by row. */
function timesRows(values: Float32Array, rows: readonly Float64Array[]): Float32Array {
  const size = rows[0]?.length ?? 0;
  const out = new Float32Array((values.length / rows.length) * size);
  for (let i = 0; i < out.length; i++) {
    const [n, column] = [Math.floor(i / size), i % size];
    let sum = 0;
    rows.forEach((row, k) => {
      sum += (values[n * rows.length + k] as number) * (row[column] as number);
    });
    out[i] = sum / 10;
  }
  return out;
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)] as number);
}
