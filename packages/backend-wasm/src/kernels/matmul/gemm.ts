import type { Heap } from "../../heap/heap.ts";
import { gemmRows } from "../../threads/work-sharing.ts";

/** The product C [m × n] = A · B at addresses a, b, c. With `transposeA`, A is stored as [k][m]; with `transposeB`, B as [n][k]. */
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

/** Fewest rows with which each chunk has enough work to pay for packing B again. */
const TALL = 512;
/** Fewest columns of a chunk, because each chunk reads all of A. */
const LEAST_COLUMNS = 16;

/**
 * Computes one product. The work is divided by rows, or by columns if there are more columns than rows and few rows. Chunks of
 * columns pack nothing twice.
 */
export function gemm(heap: Heap, { transposeA = false, transposeB = false, m, n, k, a, b, c }: Product): void {
  const head = [Number(transposeA), Number(transposeB), m, n, k, a, b, c, 0];
  if (m >= TALL || m >= n) heap.share("gemm", m, gemmRows(n, k), (from, to) => [...head, from, to, 0, n]);
  else {
    const sharing = { cost: m * k, step: 8, least: LEAST_COLUMNS };
    heap.share("gemm", n, sharing, (left, right) => [...head, 0, m, left, right]);
  }
}
