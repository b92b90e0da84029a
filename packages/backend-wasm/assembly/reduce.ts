import { at, fill, fma, laneSum, zero } from "./simd";

// Long float32 sums lose digits, so blocks of at most 128 rows (or 1,024 columns) are summed separately.
const BLOCK_ROWS: i32 = 128;
const BLOCK_COLUMNS: i32 = 1024;

/**
 * Computes out[c] ← Σ over rows of x[r][c] / divisor, for columns [from, to).
 *
 * It divides instead of multiplying by an inverse: the mean of equal numbers must be that number, because batch norm would
 * magnify the difference. The outer loop is over blocks of rows, so that a block stays in the cache while its columns are
 * summed, four or sixteen at a time.
 */
export function columnSums(x: usize, out: usize, rows: i32, columns: i32, divisor: f32, from: i32, to: i32): void {
  const step = (<usize>columns) << 2;
  fill(at(out, from), to - from, 0);
  for (let r0 = 0; r0 < rows; r0 += BLOCK_ROWS) {
    const block = min(BLOCK_ROWS, rows - r0);
    const first = at(x, r0 * columns);
    let c = from;
    for (; c + 16 <= to; c += 16) {
      let a0 = zero(), a1 = zero(), a2 = zero(), a3 = zero();
      let p = at(first, c);
      for (let r = 0; r < block; r++, p += step) {
        a0 = f32x4.add(a0, v128.load(p));
        a1 = f32x4.add(a1, v128.load(p, 16));
        a2 = f32x4.add(a2, v128.load(p, 32));
        a3 = f32x4.add(a3, v128.load(p, 48));
      }
      const o = at(out, c);
      v128.store(o, f32x4.add(v128.load(o), a0));
      v128.store(o, f32x4.add(v128.load(o, 16), a1), 16);
      v128.store(o, f32x4.add(v128.load(o, 32), a2), 32);
      v128.store(o, f32x4.add(v128.load(o, 48), a3), 48);
    }
    for (; c + 4 <= to; c += 4) {
      let a = zero();
      let p = at(first, c);
      for (let r = 0; r < block; r++, p += step) a = f32x4.add(a, v128.load(p));
      v128.store(at(out, c), f32x4.add(v128.load(at(out, c)), a));
    }
    for (; c < to; c++) {
      let a: f32 = 0;
      let p = at(first, c);
      for (let r = 0; r < block; r++, p += step) a += load<f32>(p);
      store<f32>(at(out, c), load<f32>(at(out, c)) + a);
    }
  }
  if (divisor != 1) divideInPlace(at(out, from), to - from, divisor);
}

/** Computes x[0..n) ← x / divisor. */
export function divideInPlace(x: usize, n: i32, divisor: f32): void {
  const d = f32x4.splat(divisor);
  let i = 0;
  for (; i + 4 <= n; i += 4) v128.store(at(x, i), f32x4.div(v128.load(at(x, i)), d));
  for (; i < n; i++) store<f32>(at(x, i), load<f32>(at(x, i)) / divisor);
}

/** Computes out[r] ← Σ over columns of x[r][c] / divisor, for rows [from, to). */
export function rowSums(x: usize, out: usize, columns: i32, divisor: f32, from: i32, to: i32): void {
  for (let r = from; r < to; r++) store<f32>(at(out, r), sum(at(x, r * columns), columns) / divisor);
}

/** Sums n numbers. */
function sum(x: usize, n: i32): f32 {
  let total: f32 = 0;
  for (let i = 0; i < n; ) {
    const end = min(n, i + BLOCK_COLUMNS);
    let a0 = zero(), a1 = zero(), a2 = zero(), a3 = zero();
    for (; i + 16 <= end; i += 16) {
      const p = at(x, i);
      a0 = f32x4.add(a0, v128.load(p));
      a1 = f32x4.add(a1, v128.load(p, 16));
      a2 = f32x4.add(a2, v128.load(p, 32));
      a3 = f32x4.add(a3, v128.load(p, 48));
    }
    let s = laneSum(f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3)));
    for (; i < end; i++) s += load<f32>(at(x, i));
    total += s;
  }
  return total;
}

/** Sums the squares of n numbers. Blocks are summed in float64, so that a norm over millions of parameters keeps its digits. */
export function sumOfSquares(x: usize, n: i32): f64 {
  let total: f64 = 0;
  for (let i = 0; i < n; ) {
    const end = min(n, i + BLOCK_COLUMNS);
    let a0 = zero(), a1 = zero(), a2 = zero(), a3 = zero();
    for (; i + 16 <= end; i += 16) {
      const p = at(x, i);
      const v0 = v128.load(p), v1 = v128.load(p, 16), v2 = v128.load(p, 32), v3 = v128.load(p, 48);
      a0 = fma(v0, v0, a0);
      a1 = fma(v1, v1, a1);
      a2 = fma(v2, v2, a2);
      a3 = fma(v3, v3, a3);
    }
    let s = laneSum(f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3)));
    for (; i < end; i++) s += load<f32>(at(x, i)) * load<f32>(at(x, i));
    total += s;
  }
  return total;
}
