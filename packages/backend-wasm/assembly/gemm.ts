import { packATransposed, packB, packBTransposed } from "./pack";
import { at, fill } from "./simd";
import { A_PANEL, EDGE, KC, MC, NC, tilePacked, tileRows } from "./tile";

/**
 * Computes C[m × n] = A · B, or C += A · B. A is [m][k], or [k][m] if `transposeA`; B is [k][n], or [n][k] if `transposeB`.
 * All are dense and row-major.
 *
 * Only rows [from, to) and columns [left, right) of C are computed, because a pool of workers divides the rows or the
 * columns. `left` is a multiple of 8.
 */
export function gemm(
  transposeA: bool, transposeB: bool, m: i32, n: i32, k: i32,
  a: usize, b: usize, c: usize, accumulate: bool, from: i32, to: i32, left: i32, right: i32, scratch: usize,
): void {
  if (k == 0) {
    if (!accumulate) for (let i = from; i < to; i++) fill(at(c, i * n + left), right - left, 0);
    return;
  }
  const panelA = scratch + A_PANEL;
  const edge = scratch + EDGE;
  const ldc = (<usize>n) << 2;
  const lda = (<usize>k) << 2;
  for (let j0 = left; j0 < right; j0 += NC) {
    const nc = min(NC, right - j0);
    for (let k0 = 0; k0 < k; k0 += KC) {
      const kc = min(KC, k - k0);
      const add = accumulate || k0 > 0;
      if (transposeB) packBTransposed(at(b, j0 * k + k0), k, kc, nc, scratch);
      else packB(at(b, k0 * n + j0), n, kc, nc, scratch);
      if (transposeA) {
        for (let i = from; i < to; i += 4) {
          const rows = min(4, to - i);
          const target = at(c, i * n + j0);
          packATransposed(at(a, k0 * m + i), m, kc, rows, panelA);
          for (let j = 0; j < nc; j += 8)
            tilePacked(panelA, at(scratch, j * kc), kc, at(target, j), ldc, rows, min(8, nc - j), add, edge);
        }
      } else {
        for (let block = from; block < to; block += MC) {
          const last = min(to, block + MC);
          for (let j = 0; j < nc; j += 8) {
            const panel = at(scratch, j * kc);
            const columns = min(8, nc - j);
            for (let i = block; i < last; i += 4)
              tileRows(at(a, i * k + k0), lda, panel, kc, at(c, i * n + j0 + j), ldc, min(4, last - i), columns, add, edge);
          }
        }
      }
    }
  }
}

/** Computes one product per batch entry, for entries [from, to). A stride of 0 repeats a matrix. */
export function gemmBatched(
  strideA: i32, strideB: i32, transposeA: bool, transposeB: bool, m: i32, n: i32, k: i32,
  a: usize, b: usize, c: usize, from: i32, to: i32, scratch: usize,
): void {
  for (let i = from; i < to; i++)
    gemm(transposeA, transposeB, m, n, k, at(a, i * strideA), at(b, i * strideB), at(c, i * m * n), false, 0, m, 0, n, scratch);
}

/**
 * Computes y[r][c] ← activation(y[r][c] + bias[c]) in place, for rows [from, to). `activation`: 0 none, 1 relu, 2 relu6. `bias`
 * is 0 if there is none.
 */
export function addBias(y: usize, bias: usize, columns: i32, activation: i32, from: i32, to: i32): void {
  const six = f32x4.splat(activation == 2 ? 6 : Infinity);
  const low = f32x4.splat(activation == 0 ? -Infinity : 0);
  for (let r = from; r < to; r++) {
    const p = at(y, r * columns);
    let c = 0;
    for (; c + 4 <= columns; c += 4) {
      let v = v128.load(at(p, c));
      if (bias) v = f32x4.add(v, v128.load(at(bias, c)));
      if (activation) v = f32x4.min(f32x4.max(v, low), six);
      v128.store(at(p, c), v);
    }
    for (; c < columns; c++) {
      let v = load<f32>(at(p, c));
      if (bias) v += load<f32>(at(bias, c));
      if (activation) v = min(max(v, 0), activation == 2 ? 6 : Infinity);
      store<f32>(at(p, c), v);
    }
  }
}
