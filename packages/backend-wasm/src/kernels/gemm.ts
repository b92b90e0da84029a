import type { Heap } from "../heap/heap.ts";
import { gemmRows } from "../threads/work-sharing.ts";

/** C [m × n] = A · B at these addresses; A lies as [k][m] where `transposeA`, B as [n][k] where `transposeB`. */
export interface Product {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** From so many rows on each chunk has enough of them to pay for packing B anew. */
const TALL = 512;
/** Columns of a chunk at least: each reads all of A. */
const LEAST_COLUMNS = 16;

/** One product, shared out by rows; or by columns, which pack nothing twice, where there are more of those. */
export function gemm(heap: Heap, { transposeA = false, transposeB = false, m, n, k, a, b, c }: Product): void {
  const head = [Number(transposeA), Number(transposeB), m, n, k, a, b, c, 0];
  if (m >= TALL || m >= n) heap.share("gemm", m, gemmRows(n, k), (from, to) => [...head, from, to, 0, n]);
  else {
    const sharing = { cost: m * k, step: 8, least: LEAST_COLUMNS };
    heap.share("gemm", n, sharing, (left, right) => [...head, 0, m, left, right]);
  }
}
