import { packB } from "./pack";
import { at, F, fill, fma, zero } from "./simd";
import { A_PANEL, EDGE, KC, NC, storeRow } from "./tile";

/** Most channels of x in one pass, and the number of zeros that padding reads. */
const CB: i32 = 512;
/** Offset of those zeros in the scratch, after the buffer of a tile at the edge. */
const ZEROS: usize = EDGE + 1024;

/**
 * Computes conv2d: y[pixel][o] = clamp(bias[o] + Σ over taps and channels of x[pixel at tap][channel] · W[tap][channel][o]).
 * `bias` is 0 if there is none. Bounds of −∞ and ∞ clamp nothing.
 *
 * It is a matrix product of im2col(x) and W. im2col(x) is not stored: for each tile of 4 pixels, the addresses that its taps
 * read are listed, and the sums stay in registers over all taps (Dukhan 2019, arXiv:1907.02129). Taps in the padding read a
 * row of zeros.
 *
 * The order of the sums is XNNPACK's: bias first, then tap by tap and channel by channel. Without fused multiply-adds both
 * give the same bits, so a convolution may change between them when threads start or end.
 *
 * Pixels [from, to) of batch · height · width and columns [left, right) of y are computed; `left` is a multiple of 8.
 * There may be at most 256 taps, and taps · min(channels, 512) ≤ 16384, so that eight packed columns fit.
 */
export function convForward(
  x: usize, w: usize, bias: usize, y: usize, low: f32, high: f32, height: i32, width: i32, channels: i32, outHeight: i32, outWidth: i32, outs: i32,
  filterHeight: i32, filterWidth: i32, strideY: i32, strideX: i32, dilationY: i32, dilationX: i32,
  top: i32, leftPadding: i32, from: i32, to: i32, left: i32, right: i32, scratch: usize,
): void {
  const taps = filterHeight * filterWidth;
  const addresses = scratch + A_PANEL;
  const zeros = scratch + ZEROS;
  const edge = scratch + EDGE;
  const ldc = (<usize>outs) << 2;
  fill(zeros, min(channels, CB), 0);
  for (let c0 = 0; c0 < channels; c0 += CB) {
    const cb = min(CB, channels - c0);
    const inner = taps * cb;
    const widest = (KC * NC / inner) & ~7;
    for (let j0 = left; j0 < right; j0 += widest) {
      const nc = min(widest, right - j0);
      let panel = scratch;
      for (let j = 0; j < nc; j += 8)
        for (let tap = 0; tap < taps; tap++) {
          packB(at(w, (tap * channels + c0) * outs + j0 + j), outs, cb, min(8, nc - j), panel);
          panel += (<usize>cb) << 5;
        }
      for (let p = from; p < to; p += 4) {
        const rows = min(4, to - p);
        for (let r = 0; r < 4; r++) {
          // Missing pixels repeat the last one; their sums are not stored.
          const pixel = p + min(r, rows - 1);
          const line = pixel / outWidth;
          const image = line / outHeight;
          const firstY = (line - image * outHeight) * strideY - top;
          const firstX = (pixel - line * outWidth) * strideX - leftPadding;
          let entry = addresses + <usize>r * sizeof<usize>();
          for (let i = 0; i < filterHeight; i++) {
            const iy = firstY + i * dilationY;
            const inside = iy >= 0 && iy < height;
            const row = at(x, (image * height + iy) * width * channels + c0);
            for (let j = 0; j < filterWidth; j++) {
              const ix = firstX + j * dilationX;
              store<usize>(entry, inside && ix >= 0 && ix < width ? at(row, ix * channels) : zeros);
              entry += 4 * sizeof<usize>();
            }
          }
        }
        const target = at(y, p * outs + j0);
        for (let j = 0; j < nc; j += 8)
          tileListed(
            addresses, taps, cb, at(scratch, j * inner), at(target, j), ldc, rows, min(8, nc - j),
            c0 > 0 ? at(target, j) : bias ? at(bias, j0 + j) : 0, c0 > 0 ? ldc : 0,
            c0 + cb == channels ? low : -Infinity, c0 + cb == channels ? high : Infinity, edge,
          );
      }
    }
  }
}

/**
 * Computes the same as `tileRows` of tile.ts with the rows of A in pieces of `k` floats. For each piece there are four
 * addresses, one per row. The sums start with the numbers at `start`, whose rows are `startStep` bytes apart, or with 0 if
 * `start` is 0. They are clamped to `low` and `high`.
 */
function tileListed(
  addresses: usize, pieces: i32, k: i32, b: usize, c: usize, ldc: usize, rows: i32, columns: i32,
  start: usize, startStep: usize, low: f32, high: f32, edge: usize,
): void {
  let s00 = zero(), s01 = zero(), s10 = zero(), s11 = zero(), s20 = zero(), s21 = zero(), s30 = zero(), s31 = zero();
  if (start) {
    if (columns < 8) {
      // No number past the last column may be read, because the heap may end there.
      const different = startStep ? rows : 1;
      for (let r = 0; r < different; r++)
        for (let j = 0; j < columns; j++)
          store<f32>(at(edge + 64, 8 * r + j), load<f32>(at(start + <usize>r * startStep, j)));
      start = edge + 64;
      if (startStep) startStep = 32;
    }
    s00 = v128.load(start), s01 = v128.load(start, 16);
    if (rows > 1) start += startStep;
    s10 = v128.load(start), s11 = v128.load(start, 16);
    if (rows > 2) start += startStep;
    s20 = v128.load(start), s21 = v128.load(start, 16);
    if (rows > 3) start += startStep;
    s30 = v128.load(start), s31 = v128.load(start, 16);
  }
  const end = addresses + <usize>pieces * 4 * sizeof<usize>();
  for (let entry = addresses; entry < end; entry += 4 * sizeof<usize>()) {
    let a0 = load<usize>(entry);
    let a1 = load<usize>(entry, sizeof<usize>());
    let a2 = load<usize>(entry, 2 * sizeof<usize>());
    let a3 = load<usize>(entry, 3 * sizeof<usize>());
    let i = 0;
    for (; i + 2 <= k; i += 2) {
      let b0 = v128.load(b);
      let b1 = v128.load(b, 16);
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
      b0 = v128.load(b, 32);
      b1 = v128.load(b, 48);
      v = v128.load32_splat(a0, 4);
      s00 = fma(v, b0, s00);
      s01 = fma(v, b1, s01);
      v = v128.load32_splat(a1, 4);
      s10 = fma(v, b0, s10);
      s11 = fma(v, b1, s11);
      v = v128.load32_splat(a2, 4);
      s20 = fma(v, b0, s20);
      s21 = fma(v, b1, s21);
      v = v128.load32_splat(a3, 4);
      s30 = fma(v, b0, s30);
      s31 = fma(v, b1, s31);
      b += 64;
      a0 += 2 * F;
      a1 += 2 * F;
      a2 += 2 * F;
      a3 += 2 * F;
    }
    if (i < k) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
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
      b += 32;
    }
  }
  if (low > -Infinity || high < Infinity) {
    const lo = f32x4.splat(low), hi = f32x4.splat(high);
    s00 = f32x4.min(f32x4.max(s00, lo), hi), s01 = f32x4.min(f32x4.max(s01, lo), hi);
    s10 = f32x4.min(f32x4.max(s10, lo), hi), s11 = f32x4.min(f32x4.max(s11, lo), hi);
    s20 = f32x4.min(f32x4.max(s20, lo), hi), s21 = f32x4.min(f32x4.max(s21, lo), hi);
    s30 = f32x4.min(f32x4.max(s30, lo), hi), s31 = f32x4.min(f32x4.max(s31, lo), hi);
  }
  storeRow(c, s00, s01, columns, false, edge);
  if (rows > 1) storeRow(c + ldc, s10, s11, columns, false, edge);
  if (rows > 2) storeRow(c + 2 * ldc, s20, s21, columns, false, edge);
  if (rows > 3) storeRow(c + 3 * ldc, s30, s31, columns, false, edge);
}
