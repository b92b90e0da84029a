import { at, zero } from "./simd";
import { EDGE, tileRows } from "./tile";
import { notFinite, positionStep, WINDOW, windowAt, windowRow, windowStep } from "./winograd";

/** Most tiles of a block. With more, the products of one panel would not stay in the first-level cache. */
const BLOCK: i32 = 32;

/** Returns the tiles of a block. Transformed windows, products and one padded window share the room of the packed panels. */
function blockOf(ins: i32): i32 {
  const room = <i32>EDGE - 16 * (64 + 64) - 64 * ins;
  return min(BLOCK, room / (64 * (ins + 8))) & ~3;
}

/**
 * Computes conv2d with 3×3 taps and stride 1: y = clamp(bias + x ∗ w), with w transformed to `u` by winograd-filter.ts. `bias`
 * is 0 if there is none. Bounds of −∞ and ∞ clamp nothing. With dy as x and the filter rotated it is the input gradient.
 *
 * For each block of tiles, the windows are transformed to v[position][tile][ins]. Then, for 8 channels of y at a time, the
 * products m[position][tile][8] are computed and transformed to pixels. At an odd edge, tiles store only half of their
 * pixels.
 *
 * Tiles [from, to) of batch · ⌈outHeight / 2⌉ · ⌈outWidth / 2⌉ are computed. `ins` is at most 1024. Stores 1 at `flag` if a sum
 * is not finite.
 */
export function winogradConv(
  x: usize, u: usize, bias: usize, y: usize, flag: usize, low: f32, high: f32, height: i32, width: i32, ins: i32,
  outHeight: i32, outWidth: i32, outs: i32, top: i32, left: i32, from: i32, to: i32, scratch: usize,
): void {
  const block = blockOf(ins);
  const across = (outWidth + 1) >> 1;
  const down = (outHeight + 1) >> 1;
  const stepU = positionStep(((outs + 7) & ~7) * ins);
  const stepV = positionStep(block * ins);
  const stepM = positionStep(block * 8);
  const m = scratch + 16 * stepV;
  const buffer = m + 16 * stepM;
  const edge = scratch + EDGE;
  const lda = (<usize>ins) << 2;
  const right = (<usize>outs) << 2;
  const below = <usize>outWidth * right;
  const lo = f32x4.splat(low), hi = f32x4.splat(high);
  let bad = zero();
  for (let first = from; first < to; first += block) {
    const count = min(block, to - first);
    for (let t = 0; t < count; t++) {
      const line = (first + t) / across;
      const image = line / down;
      const iy = 2 * (line - image * down) - top;
      const ix = 2 * (first + t - line * across) - left;
      const window = windowAt(at(x, image * height * width * ins), height, width, ins, iy, ix, WINDOW, buffer);
      transformWindow(window, windowStep(window, buffer, width, ins, WINDOW), ins, at(scratch, t * ins), stepV);
    }
    for (let j = 0; j < outs; j += 8) {
      for (let p: usize = 0; p < 16; p++)
        for (let t = 0; t < count; t += 4)
          tileRows(
            at(scratch, t * ins) + p * stepV, lda, at(u, j * ins) + p * stepU, ins, at(m, 8 * t) + p * stepM, 32,
            min(4, count - t), 8, false, edge,
          );
      for (let c = j; c < min(outs, j + 8); c += 4) {
        const start = bias ? v128.load(at(bias, c)) : zero();
        for (let t = 0; t < count; t++) {
          const line = (first + t) / across;
          const image = line / down;
          const oy = 2 * (line - image * down);
          const ox = 2 * (first + t - line * across);
          const pixel = at(y, ((image * outHeight + oy) * outWidth + ox) * outs + c);
          bad = v128.or(bad, storeTile(
            at(m, 8 * t + c - j), stepM, start, lo, hi, pixel, ox + 1 < outWidth ? right : 0, oy + 1 < outHeight ? below : 0,
          ));
        }
      }
    }
  }
  if (v128.any_true(bad)) store<i32>(flag, 1);
}

/** Computes Bᵀ d B of all channels of a window. Its positions are `step` bytes apart. */
function transformWindow(window: usize, row: usize, channels: i32, to: usize, step: usize): void {
  const pixel = (<usize>channels) << 2;
  const end = window + pixel;
  for (let p = window; p < end; p += 16, to += 16) {
    const q = p + row, r = q + row, s = r + row;
    const b0 = v128.load(q), b1 = v128.load(q + pixel), b2 = v128.load(q + 2 * pixel), b3 = v128.load(q + 3 * pixel);
    const c0 = v128.load(r), c1 = v128.load(r + pixel), c2 = v128.load(r + 2 * pixel), c3 = v128.load(r + 3 * pixel);
    windowRow(f32x4.add(b0, c0), f32x4.add(b1, c1), f32x4.add(b2, c2), f32x4.add(b3, c3), to + 4 * step, step);
    windowRow(f32x4.sub(c0, b0), f32x4.sub(c1, b1), f32x4.sub(c2, b2), f32x4.sub(c3, b3), to + 8 * step, step);
    windowRow(
      f32x4.sub(v128.load(p), c0), f32x4.sub(v128.load(p + pixel), c1),
      f32x4.sub(v128.load(p + 2 * pixel), c2), f32x4.sub(v128.load(p + 3 * pixel), c3), to, step,
    );
    windowRow(
      f32x4.sub(b0, v128.load(s)), f32x4.sub(b1, v128.load(s + pixel)),
      f32x4.sub(b2, v128.load(s + 2 * pixel)), f32x4.sub(b3, v128.load(s + 3 * pixel)), to + 12 * step, step,
    );
  }
}

/**
 * Computes clamp(start + Aᵀ m A) for four channels of a tile, and stores it at `pixel` and at the pixels `right` and `below`
 * bytes further. A distance of 0 means that the pixel lies outside the image. The result has a bit set if a sum is not finite.
 */
// @ts-ignore: decorator
@inline
function storeTile(
  m: usize, step: usize, start: v128, lo: v128, hi: v128, pixel: usize, right: usize, below: usize,
): v128 {
  const b0 = v128.load(m + 4 * step), b1 = v128.load(m + 5 * step), b2 = v128.load(m + 6 * step), b3 = v128.load(m + 7 * step);
  const c0 = v128.load(m + 8 * step), c1 = v128.load(m + 9 * step), c2 = v128.load(m + 10 * step), c3 = v128.load(m + 11 * step);
  let bad = storePair(
    f32x4.add(v128.load(m), f32x4.add(b0, c0)), f32x4.add(v128.load(m + step), f32x4.add(b1, c1)),
    f32x4.add(v128.load(m + 2 * step), f32x4.add(b2, c2)), f32x4.add(v128.load(m + 3 * step), f32x4.add(b3, c3)),
    start, lo, hi, pixel, right,
  );
  if (below)
    bad = v128.or(bad, storePair(
      f32x4.sub(f32x4.sub(b0, c0), v128.load(m + 12 * step)), f32x4.sub(f32x4.sub(b1, c1), v128.load(m + 13 * step)),
      f32x4.sub(f32x4.sub(b2, c2), v128.load(m + 14 * step)), f32x4.sub(f32x4.sub(b3, c3), v128.load(m + 15 * step)),
      start, lo, hi, pixel + below, right,
    ));
  return bad;
}

/** Computes (a, b, c, d) · A, which are two pixels of a row, and stores them. */
// @ts-ignore: decorator
@inline
function storePair(
  a: v128, b: v128, c: v128, d: v128, start: v128, lo: v128, hi: v128, pixel: usize, right: usize,
): v128 {
  // A NaN becomes `lo` here. Its bits are in the result, so the direct kernel will compute everything again.
  const y0 = f32x4.add(f32x4.add(a, f32x4.add(b, c)), start);
  v128.store(pixel, f32x4.pmin(hi, f32x4.pmax(lo, y0)));
  if (!right) return notFinite(y0);
  const y1 = f32x4.add(f32x4.sub(f32x4.sub(b, c), d), start);
  v128.store(pixel + right, f32x4.pmin(hi, f32x4.pmax(lo, y1)));
  return v128.or(notFinite(y0), notFinite(y1));
}
