import { columnSums, divideInPlace } from "./reduce";
import { at, fill, fma, loadSome, storeSome, zero } from "./simd";

const BLOCK_ROWS: i32 = 128;

/**
 * Computes the mean and biased variance of the channels [from, to) of x [rows][channels]. It takes two passes, because
 * E[x²] − E[x]² would lose digits.
 */
export function channelMoments(x: usize, mean: usize, variance: usize, rows: i32, channels: i32, from: i32, to: i32): void {
  columnSums(x, mean, rows, channels, <f32>rows, from, to);
  fill(at(variance, from), to - from, 0);
  const step = (<usize>channels) << 2;
  for (let r0 = 0; r0 < rows; r0 += BLOCK_ROWS) {
    const block = min(BLOCK_ROWS, rows - r0);
    const first = at(x, r0 * channels);
    let c = from;
    for (; c + 8 <= to; c += 8) {
      const m0 = v128.load(at(mean, c)), m1 = v128.load(at(mean, c), 16);
      let a0 = zero(), a1 = zero();
      let p = at(first, c);
      for (let r = 0; r < block; r++, p += step) {
        const d0 = f32x4.sub(v128.load(p), m0);
        const d1 = f32x4.sub(v128.load(p, 16), m1);
        a0 = fma(d0, d0, a0);
        a1 = fma(d1, d1, a1);
      }
      const o = at(variance, c);
      v128.store(o, f32x4.add(v128.load(o), a0));
      v128.store(o, f32x4.add(v128.load(o, 16), a1), 16);
    }
    for (; c < to; c++) {
      const m = load<f32>(at(mean, c));
      let a: f32 = 0;
      let p = at(first, c);
      for (let r = 0; r < block; r++, p += step) {
        const d = load<f32>(p) - m;
        a += d * d;
      }
      store<f32>(at(variance, c), load<f32>(at(variance, c)) + a);
    }
  }
  divideInPlace(at(variance, from), to - from, <f32>rows);
}

/**
 * Computes y[r][c] ← clamp((x[r][c] − mean[c]) · factor[c] + offset[c], low, high), for rows [from, to).
 *
 * The mean is subtracted first. If it were part of the offset, digits would be lost for channels whose mean is far from 0.
 */
export function affine(
  x: usize, mean: usize, factor: usize, offset: usize, y: usize, channels: i32, low: f32, high: f32, from: i32, to: i32,
): void {
  const lo = f32x4.splat(low);
  const hi = f32x4.splat(high);
  const clamp = low > -Infinity || high < Infinity;
  for (let r = from; r < to; r++) {
    const p = at(x, r * channels);
    const q = at(y, r * channels);
    let c = 0;
    for (; c + 4 <= channels; c += 4) {
      const d = f32x4.sub(v128.load(at(p, c)), v128.load(at(mean, c)));
      let v = fma(d, v128.load(at(factor, c)), v128.load(at(offset, c)));
      if (clamp) v = f32x4.min(f32x4.max(v, lo), hi);
      v128.store(at(q, c), v);
    }
    if (c < channels) {
      const some = channels - c;
      const d = f32x4.sub(loadSome(at(p, c), some), loadSome(at(mean, c), some));
      let v = fma(d, loadSome(at(factor, c), some), loadSome(at(offset, c), some));
      if (clamp) v = f32x4.min(f32x4.max(v, lo), hi);
      storeSome(at(q, c), v, some);
    }
  }
}

/**
 * Computes the gradient of z = (x − mean) · factor + offset, clamped to [0, high], for given statistics. Without `active`
 * nothing is clamped. dz is dy if 0 < z ≤ high, else 0. Then dx ← dz · factor, s1 ← Σ dz, s2 ← Σ dz · (x − mean), for channels
 * [from, to). dx is not written if its address is 0.
 */
export function frozenBatchNormGradient(
  x: usize, dy: usize, mean: usize, factor: usize, offset: usize, dx: usize, s1: usize, s2: usize,
  rows: i32, channels: i32, active: bool, high: f32, from: i32, to: i32,
): void {
  const hi = f32x4.splat(high);
  const one = f32x4.splat(1);
  const row = (<usize>channels) << 2;
  fill(at(s1, from), to - from, 0);
  fill(at(s2, from), to - from, 0);
  for (let r0 = 0; r0 < rows; r0 += BLOCK_ROWS) {
    const block = min(BLOCK_ROWS, rows - r0);
    for (let c = from; c < to; c += 4) {
      const some = min(4, to - c);
      const whole = some == 4;
      const m = whole ? v128.load(at(mean, c)) : loadSome(at(mean, c), some);
      const f = whole ? v128.load(at(factor, c)) : loadSome(at(factor, c), some);
      const o = whole ? v128.load(at(offset, c)) : loadSome(at(offset, c), some);
      let a = whole ? v128.load(at(s1, c)) : loadSome(at(s1, c), some);
      let b = whole ? v128.load(at(s2, c)) : loadSome(at(s2, c), some);
      let partA = zero(), partB = zero();
      let p = at(x, r0 * channels + c);
      let g = at(dy, r0 * channels + c);
      let q = at(dx, r0 * channels + c);
      for (let r = 0; r < block; r++, p += row, g += row, q += row) {
        const d = f32x4.sub(whole ? v128.load(p) : loadSome(p, some), m);
        let dz = whole ? v128.load(g) : loadSome(g, some);
        if (active) {
          const z = fma(d, f, o);
          const gate = v128.and(f32x4.gt(z, zero()), f32x4.le(z, hi));
          // The factor is 1 or 0, or NaN if z is NaN: a number with all bits set is a NaN.
          dz = f32x4.mul(dz, v128.or(v128.and(gate, one), f32x4.ne(z, z)));
        }
        partA = f32x4.add(partA, dz);
        partB = fma(dz, d, partB);
        if (dx) {
          if (whole) v128.store(q, f32x4.mul(dz, f));
          else storeSome(q, f32x4.mul(dz, f), some);
        }
      }
      a = f32x4.add(a, partA);
      b = f32x4.add(b, partB);
      if (whole) {
        v128.store(at(s1, c), a);
        v128.store(at(s2, c), b);
      } else {
        storeSome(at(s1, c), a, some);
        storeSome(at(s2, c), b, some);
      }
    }
  }
}

/** Computes s1[c] ← Σ dy and s2[c] ← Σ dy · (x − mean) over rows, for channels [from, to). */
export function channelGradientSums(
  x: usize, dy: usize, mean: usize, s1: usize, s2: usize, rows: i32, channels: i32, from: i32, to: i32,
): void {
  const step = (<usize>channels) << 2;
  fill(at(s1, from), to - from, 0);
  fill(at(s2, from), to - from, 0);
  for (let r0 = 0; r0 < rows; r0 += BLOCK_ROWS) {
    const block = min(BLOCK_ROWS, rows - r0);
    const firstX = at(x, r0 * channels);
    const firstY = at(dy, r0 * channels);
    let c = from;
    for (; c + 8 <= to; c += 8) {
      const m0 = v128.load(at(mean, c)), m1 = v128.load(at(mean, c), 16);
      let a0 = zero(), a1 = zero(), b0 = zero(), b1 = zero();
      let p = at(firstX, c);
      let d = at(firstY, c);
      for (let r = 0; r < block; r++, p += step, d += step) {
        const g0 = v128.load(d), g1 = v128.load(d, 16);
        a0 = f32x4.add(a0, g0);
        a1 = f32x4.add(a1, g1);
        b0 = fma(g0, f32x4.sub(v128.load(p), m0), b0);
        b1 = fma(g1, f32x4.sub(v128.load(p, 16), m1), b1);
      }
      const o1 = at(s1, c);
      v128.store(o1, f32x4.add(v128.load(o1), a0));
      v128.store(o1, f32x4.add(v128.load(o1, 16), a1), 16);
      const o2 = at(s2, c);
      v128.store(o2, f32x4.add(v128.load(o2), b0));
      v128.store(o2, f32x4.add(v128.load(o2, 16), b1), 16);
    }
    for (; c < to; c++) {
      const m = load<f32>(at(mean, c));
      let a: f32 = 0, b: f32 = 0;
      let p = at(firstX, c);
      let d = at(firstY, c);
      for (let r = 0; r < block; r++, p += step, d += step) {
        const g = load<f32>(d);
        a += g;
        b += g * (load<f32>(p) - m);
      }
      store<f32>(at(s1, c), load<f32>(at(s1, c)) + a);
      store<f32>(at(s2, c), load<f32>(at(s2, c)) + b);
    }
  }
}

/** Computes dx[r][c] ← dy[r][c] · a[c] + (x[r][c] − mean[c]) · b[c] + d[c], for rows [from, to). */
export function batchNormInputGradient(
  x: usize, dy: usize, mean: usize, a: usize, b: usize, d: usize, dx: usize, channels: i32, from: i32, to: i32,
): void {
  for (let r = from; r < to; r++) {
    const p = at(x, r * channels);
    const g = at(dy, r * channels);
    const q = at(dx, r * channels);
    let c = 0;
    for (; c + 4 <= channels; c += 4) {
      const centred = f32x4.sub(v128.load(at(p, c)), v128.load(at(mean, c)));
      const rest = fma(centred, v128.load(at(b, c)), v128.load(at(d, c)));
      v128.store(at(q, c), fma(v128.load(at(g, c)), v128.load(at(a, c)), rest));
    }
    for (; c < channels; c++)
      store<f32>(
        at(q, c),
        load<f32>(at(g, c)) * load<f32>(at(a, c)) +
          (load<f32>(at(p, c)) - load<f32>(at(mean, c))) * load<f32>(at(b, c)) +
          load<f32>(at(d, c)),
      );
  }
}
