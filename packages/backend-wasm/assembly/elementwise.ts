import { erf4, exp4, gelu4, geluErf4, geluErfSlope4, geluSlope4, selu4, sigmoid4, tanh4 } from "./math";
import { at, loadSome, storeSome } from "./simd";

// Each function has its own loop. A table of functions would need an indirect call for every four numbers.

// @ts-ignore: decorator
@inline
function read(x: usize, i: i32, n: i32): v128 {
  return i + 4 <= n ? v128.load(at(x, i)) : loadSome(at(x, i), n - i);
}

// @ts-ignore: decorator
@inline
function write(y: usize, i: i32, n: i32, v: v128): void {
  if (i + 4 <= n) v128.store(at(y, i), v);
  else storeSome(at(y, i), v, n - i);
}

export function exp(x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i += 4) write(y, i, n, exp4(read(x, i, n)));
}

export function tanh(x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i += 4) write(y, i, n, tanh4(read(x, i, n)));
}

export function sigmoid(x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i += 4) write(y, i, n, sigmoid4(read(x, i, n)));
}

export function erf(x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i += 4) write(y, i, n, erf4(read(x, i, n)));
}

export function selu(x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i += 4) write(y, i, n, selu4(read(x, i, n)));
}

/** Computes y ← −1, 0 or 1. It is 0 for NaN, as on cpu. */
export function sign(x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i += 4) {
    const v = read(x, i, n);
    const one = v128.or(f32x4.splat(1), v128.and(v, i32x4.splat(0x80000000)));
    write(y, i, n, v128.and(one, f32x4.gt(f32x4.abs(v), f32x4.splat(0))));
  }
}

/** Computes y ← x to a power that needs no logarithm: 0.5, 1, 2, 3 or −1. */
export function power(x: usize, y: usize, n: i32, exponent: f32): void {
  for (let i = 0; i < n; i += 4) {
    const v = read(x, i, n);
    let p = v;
    if (exponent == 2) p = f32x4.mul(v, v);
    else if (exponent == 3) p = f32x4.mul(f32x4.mul(v, v), v);
    else if (exponent == -1) p = f32x4.div(f32x4.splat(1), v);
    // Unlike the root, the power 0.5 of −0 is +0 and that of −∞ is +∞.
    else if (exponent != 1)
      p = v128.bitselect(f32x4.splat(Infinity), f32x4.sqrt(f32x4.add(v, f32x4.splat(0))), f32x4.eq(v, f32x4.splat(-Infinity)));
    write(y, i, n, p);
  }
}

/** Computes y ← x clamped to `low` and `high`. NaN stays NaN. x and y may be the same address. */
export function clamp(x: usize, y: usize, n: i32, low: f32, high: f32): void {
  const lo = f32x4.splat(low);
  const hi = f32x4.splat(high);
  for (let i = 0; i < n; i += 4) write(y, i, n, f32x4.min(f32x4.max(read(x, i, n), lo), hi));
}

/**
 * Computes y ← the maximum, or with `least` the minimum, of a and b. It is NaN if either is. An operand with the step 0 is a
 * single number.
 */
export function extremum(a: usize, b: usize, y: usize, n: i32, stepA: i32, stepB: i32, least: bool): void {
  const scalarA = v128.load32_splat(a);
  const scalarB = v128.load32_splat(b);
  for (let i = 0; i < n; i += 4) {
    const p = stepA ? read(a, i, n) : scalarA;
    const q = stepB ? read(b, i, n) : scalarB;
    write(y, i, n, least ? f32x4.min(p, q) : f32x4.max(p, q));
  }
}

export function gelu(x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i += 4) write(y, i, n, gelu4(read(x, i, n)));
}

export function geluErf(x: usize, y: usize, n: i32): void {
  for (let i = 0; i < n; i += 4) write(y, i, n, geluErf4(read(x, i, n)));
}

export function geluErfGradient(x: usize, dy: usize, dx: usize, n: i32): void {
  for (let i = 0; i < n; i += 4) write(dx, i, n, f32x4.mul(geluErfSlope4(read(x, i, n)), read(dy, i, n)));
}

export function geluGradient(x: usize, dy: usize, dx: usize, n: i32): void {
  for (let i = 0; i < n; i += 4) write(dx, i, n, f32x4.mul(geluSlope4(read(x, i, n)), read(dy, i, n)));
}

/**
 * Computes dx ← dy if v lies between `low` and `high`, else 0. With `product`, dy is multiplied by 1 or 0, or by NaN if v is
 * NaN, so that a NaN of dy or v stays NaN.
 */
export function gateGradient(
  v: usize, dy: usize, dx: usize, n: i32, low: f32, high: f32, closedLow: bool, closedHigh: bool, product: bool,
): void {
  const lo = f32x4.splat(low);
  const hi = f32x4.splat(high);
  const one = f32x4.splat(1);
  for (let i = 0; i < n; i += 4) {
    const x = read(v, i, n);
    const above = closedLow ? f32x4.ge(x, lo) : f32x4.gt(x, lo);
    const below = closedHigh ? f32x4.le(x, hi) : f32x4.lt(x, hi);
    const gate = v128.and(above, below);
    const d = read(dy, i, n);
    // A number with all bits set is a NaN.
    write(dx, i, n, product ? f32x4.mul(d, v128.or(v128.and(gate, one), f32x4.ne(x, x))) : v128.and(gate, d));
  }
}

/** Computes dx ← dy · (1 − y²) from tanh's output y. */
export function tanhGradient(y: usize, dy: usize, dx: usize, n: i32): void {
  const one = f32x4.splat(1);
  for (let i = 0; i < n; i += 4) {
    const v = read(y, i, n);
    write(dx, i, n, f32x4.mul(read(dy, i, n), f32x4.sub(one, f32x4.mul(v, v))));
  }
}

/** Computes dx ← dy · y · (1 − y) from sigmoid's output y. */
export function sigmoidGradient(y: usize, dy: usize, dx: usize, n: i32): void {
  const one = f32x4.splat(1);
  for (let i = 0; i < n; i += 4) {
    const v = read(y, i, n);
    write(dx, i, n, f32x4.mul(read(dy, i, n), f32x4.mul(v, f32x4.sub(one, v))));
  }
}
