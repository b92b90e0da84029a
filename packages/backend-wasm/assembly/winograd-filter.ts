import { at, transpose4, zero } from "./simd";
import { positionStep } from "./winograd";

/**
 * Computes G g Gᵀ for each pair of channels, in the panels that `tileRows` of tile.ts reads: u[position][⌈outs / 8⌉][ins][8].
 * Columns past the end are zeros.
 *
 * w is [tap][ins][outs]. If `rotated`, w is [tap][outs][ins] and its taps are rotated by 180°; the convolution of dy with that
 * filter is the input gradient. Columns [from, to) are computed; `from` is a multiple of 8.
 */
export function winogradFilter(
  w: usize, u: usize, ins: i32, outs: i32, rotated: bool, from: i32, to: i32, scratch: usize,
): void {
  const step = positionStep(((outs + 7) & ~7) * ins);
  const tap = (<usize>(ins * outs)) << 2;
  for (let j = from; j < to; j += 4) {
    const panel = at(u, (j & ~7) * ins + (j & 4));
    if (rotated) {
      for (let k = 0; k < ins; k += 4) {
        // Four rows of `ins` are transposed to columns through scratch[position][row].
        for (let r = 0; r < 4; r++) transformFilter(at(w, (j + r) * ins + k) + 8 * tap, 0 - tap, at(scratch, 4 * r), 64);
        for (let p: usize = 0; p < 16; p++) {
          const q = scratch + 64 * p;
          transpose4(v128.load(q), v128.load(q, 16), v128.load(q, 32), v128.load(q, 48), at(panel, 8 * k) + p * step, 32);
        }
      }
    } else {
      for (let k = 0; k < ins; k++) transformFilter(at(w, k * outs + j), tap, at(panel, 8 * k), step);
    }
    if (j + 4 == outs && !(j & 4))
      for (let p: usize = 0; p < 16; p++)
        for (let k = 0; k < ins; k++) v128.store(at(panel, 8 * k) + p * step, zero(), 16);
  }
}

/** Transforms four neighbouring filters, whose taps are `tap` bytes apart. Stores the 16 positions `step` bytes apart. */
function transformFilter(w: usize, tap: usize, to: usize, step: usize): void {
  const half = f32x4.splat(0.5);
  const v = w + 3 * tap, u = v + 3 * tap;
  const a0 = v128.load(w), a1 = v128.load(w + tap), a2 = v128.load(w + 2 * tap);
  const c0 = v128.load(u), c1 = v128.load(u + tap), c2 = v128.load(u + 2 * tap);
  const b0 = f32x4.mul(v128.load(v), half), b1 = f32x4.mul(v128.load(v + tap), half), b2 = f32x4.mul(v128.load(v + 2 * tap), half);
  const s0 = f32x4.mul(f32x4.add(a0, c0), half), s1 = f32x4.mul(f32x4.add(a1, c1), half), s2 = f32x4.mul(f32x4.add(a2, c2), half);
  filterRow(a0, a1, a2, to, step);
  filterRow(f32x4.add(s0, b0), f32x4.add(s1, b1), f32x4.add(s2, b2), to + 4 * step, step);
  filterRow(f32x4.sub(s0, b0), f32x4.sub(s1, b1), f32x4.sub(s2, b2), to + 8 * step, step);
  filterRow(c0, c1, c2, to + 12 * step, step);
}

/** Computes and stores (a, b, c) · Gᵀ. */
// @ts-ignore: decorator
@inline
function filterRow(a: v128, b: v128, c: v128, to: usize, step: usize): void {
  const half = f32x4.splat(0.5);
  const sum = f32x4.mul(f32x4.add(a, c), half);
  const middle = f32x4.mul(b, half);
  v128.store(to, a);
  v128.store(to + step, f32x4.add(sum, middle));
  v128.store(to + 2 * step, f32x4.sub(sum, middle));
  v128.store(to + 3 * step, c);
}
