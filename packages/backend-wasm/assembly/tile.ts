import { at, F, fma, zero } from "./simd";

// The register tile: 4 rows × 8 columns of the result stay in eight vector registers during the loop over k. V8 has sixteen
// registers, and the eight sums leave room for two columns of B and one splat of A. A 6×8 tile with twelve sums does not fit
// and is slower.
//
// B is packed in panels of 8 columns, [k][8], so that the inner loop reads it sequentially. A is either packed in panels of
// 4 rows, [k][4] (`tilePacked`), or read directly from a row-major matrix (`tileRows`).
//
// Blocks: MC rows of A (KC × MC floats = 128 KB) stay in the second-level cache while the panels of B pass. One panel of B
// (KC × 8 floats = 8 KB) and four rows of A (4 KB) stay in the first-level cache. The packed block of B, KC × NC floats (512 KB),
// is as large as many second-level caches. If each four rows of A read all of it, a product takes up to twice as long.

export const KC: i32 = 256;
export const NC: i32 = 512;
/** Rows of A that use one panel of B before the next. */
export const MC: i32 = 128;

/** Offsets in the scratch of the packed panels of A, and of the buffer of a tile at the edge. */
export const A_PANEL: usize = <usize>(KC * NC) * F;
export const EDGE: usize = A_PANEL + <usize>(KC * 4) * F;

/** Returns the bytes of scratch that a kernel may use. */
export function scratchBytes(): i32 {
  return <i32>EDGE + 4096;
}

/** Stores one row of a tile: 8 columns at once, or fewer `columns` through the edge buffer. */
// @ts-ignore: decorator
@inline
export function storeRow(c: usize, s0: v128, s1: v128, columns: i32, accumulate: bool, edge: usize): void {
  if (columns == 8) {
    v128.store(c, accumulate ? f32x4.add(v128.load(c), s0) : s0);
    v128.store(c, accumulate ? f32x4.add(v128.load(c, 16), s1) : s1, 16);
  } else {
    v128.store(edge, s0);
    v128.store(edge, s1, 16);
    for (let j = 0; j < columns; j++) {
      const sum = load<f32>(at(edge, j));
      store<f32>(at(c, j), accumulate ? load<f32>(at(c, j)) + sum : sum);
    }
  }
}

/**
 * Computes C[rows × columns] (+)= A · B for up to 4 rows and 8 columns. A is row-major. The loop has one column of A per pass.
 * With two, the engine of Node 20 keeps some of the sums in memory, and a product takes up to 1.3 times as long, or 1.7 times with relaxed
 * SIMD. Node 24 is as fast with one as with two.
 *
 * @param a first row of A; rows are `lda` bytes apart
 * @param b packed panel [k][8]
 * @param ldc bytes between rows of C
 */
export function tileRows(
  a: usize, lda: usize, b: usize, k: i32, c: usize, ldc: usize, rows: i32, columns: i32, accumulate: bool, edge: usize,
): void {
  // Missing rows read the last row instead; their sums are not stored.
  let a0 = a;
  let a1 = rows > 1 ? a + lda : a;
  let a2 = rows > 2 ? a + 2 * lda : a1;
  let a3 = rows > 3 ? a + 3 * lda : a2;
  let s00 = zero(), s01 = zero(), s10 = zero(), s11 = zero(), s20 = zero(), s21 = zero(), s30 = zero(), s31 = zero();
  for (let i = 0; i < k; i++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    b += 32;
    let v = v128.load32_splat(a0);
    s00 = fma(v, b0, s00);
    s01 = fma(v, b1, s01);
    v = v128.load32_splat(a1);
    s10 = fma(v, b0, s10);
    s11 = fma(v, b1, s11);
    v = v128.load32_splat(a2);
    s20 = fma(v, b0, s20);
    s21 = fma(v, b1, s21);
    v = v128.load32_splat(a3);
    s30 = fma(v, b0, s30);
    s31 = fma(v, b1, s31);
    a0 += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
  }
  storeRow(c, s00, s01, columns, accumulate, edge);
  if (rows > 1) storeRow(c + ldc, s10, s11, columns, accumulate, edge);
  if (rows > 2) storeRow(c + 2 * ldc, s20, s21, columns, accumulate, edge);
  if (rows > 3) storeRow(c + 3 * ldc, s30, s31, columns, accumulate, edge);
}

/** Computes the same as {@link tileRows} with A packed as [k][4]. Missing rows are packed as zeros. */
export function tilePacked(
  a: usize, b: usize, k: i32, c: usize, ldc: usize, rows: i32, columns: i32, accumulate: bool, edge: usize,
): void {
  let s00 = zero(), s01 = zero(), s10 = zero(), s11 = zero(), s20 = zero(), s21 = zero(), s30 = zero(), s31 = zero();
  for (let i = 0; i < k; i++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    b += 32;
    let v = v128.load32_splat(a);
    s00 = fma(v, b0, s00);
    s01 = fma(v, b1, s01);
    v = v128.load32_splat(a, 4);
    s10 = fma(v, b0, s10);
    s11 = fma(v, b1, s11);
    v = v128.load32_splat(a, 8);
    s20 = fma(v, b0, s20);
    s21 = fma(v, b1, s21);
    v = v128.load32_splat(a, 12);
    s30 = fma(v, b0, s30);
    s31 = fma(v, b1, s31);
    a += 16;
  }
  storeRow(c, s00, s01, columns, accumulate, edge);
  if (rows > 1) storeRow(c + ldc, s10, s11, columns, accumulate, edge);
  if (rows > 2) storeRow(c + 2 * ldc, s20, s21, columns, accumulate, edge);
  if (rows > 3) storeRow(c + 3 * ldc, s30, s31, columns, accumulate, edge);
}
