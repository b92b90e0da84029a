import { fma, fnma } from "./simd";

/**
 * Computes eˣ, within 2 units in the last place.
 *
 * x = n·ln 2 + r with |r| ≤ ln 2 / 2. ln 2 has two parts, so that r keeps its digits. eʳ is a polynomial of degree 7 with the
 * coefficients of Cephes' expf. 2ⁿ is made from exponent bits, in two factors, so that results may be subnormal. Overflow
 * gives ∞, underflow 0, and NaN stays NaN.
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const clamped = f32x4.min(f32x4.max(x, f32x4.splat(-104)), f32x4.splat(89));
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.44269504)));
  let r = fnma(n, f32x4.splat(0.693359375), clamped);
  r = fnma(n, f32x4.splat(-2.1219444e-4), r);
  let p = f32x4.splat(1.98756915e-4);
  p = fma(p, r, f32x4.splat(1.39819995e-3));
  p = fma(p, r, f32x4.splat(8.33345191e-3));
  p = fma(p, r, f32x4.splat(4.16657959e-2));
  p = fma(p, r, f32x4.splat(1.66666665e-1));
  p = fma(p, r, f32x4.splat(5.00000012e-1));
  p = f32x4.add(fma(f32x4.mul(p, r), r, r), f32x4.splat(1));
  const whole = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(whole, 1);
  const bias = i32x4.splat(127);
  const a = i32x4.shl(i32x4.add(half, bias), 23);
  const b = i32x4.shl(i32x4.add(i32x4.sub(whole, half), bias), 23);
  return f32x4.mul(f32x4.mul(p, a), b);
}

/**
 * Computes tanh x: an odd polynomial (Cephes' tanhf) if |x| < 0.625, else 1 − 2 / (e²ˣ + 1), which loses no digits for such
 * x.
 */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const ax = f32x4.abs(x);
  const x2 = f32x4.mul(x, x);
  let p = f32x4.splat(-5.70498872745e-3);
  p = fma(p, x2, f32x4.splat(2.06390887954e-2));
  p = fma(p, x2, f32x4.splat(-5.37397155531e-2));
  p = fma(p, x2, f32x4.splat(1.33314422036e-1));
  p = fma(p, x2, f32x4.splat(-3.33332819422e-1));
  const small = fma(f32x4.mul(p, x2), x, x);
  const one = f32x4.splat(1);
  const big = f32x4.sub(one, f32x4.div(f32x4.splat(2), f32x4.add(exp4(f32x4.add(ax, ax)), one)));
  const signed = v128.or(big, v128.and(x, i32x4.splat(0x80000000)));
  return v128.bitselect(small, signed, f32x4.lt(ax, f32x4.splat(0.625)));
}

/** Computes 1 / (1 + e⁻ˣ). If x < 0 it is eˣ / (1 + eˣ), because e⁻ˣ would overflow before the result underflows. */
// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  const e = exp4(f32x4.neg(f32x4.abs(x)));
  return f32x4.div(v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0))), f32x4.add(one, e));
}

// Klambauer et al. 2017, equation 2: λ and λα.
const SELU_SCALE: f32 = 1.05070098;
const SELU_BELOW: f32 = 1.75809934;

/** Computes selu: λ x if x ≥ 0, else λα (eˣ − 1). Near 0, eˣ − 1 is a power series, because the difference would lose digits. */
// @ts-ignore: decorator
@inline
export function selu4(x: v128): v128 {
  let p = f32x4.splat(1.39819995e-3);
  p = fma(p, x, f32x4.splat(8.33345191e-3));
  p = fma(p, x, f32x4.splat(4.16657959e-2));
  p = fma(p, x, f32x4.splat(1.66666665e-1));
  p = fma(p, x, f32x4.splat(5.00000012e-1));
  const near = fma(f32x4.mul(p, x), x, x);
  const far = f32x4.sub(exp4(x), f32x4.splat(1));
  const below = f32x4.mul(f32x4.splat(SELU_BELOW), v128.bitselect(near, far, f32x4.gt(x, f32x4.splat(-0.3))));
  return v128.bitselect(below, f32x4.mul(f32x4.splat(SELU_SCALE), x), f32x4.lt(x, f32x4.splat(0)));
}

// gelu in the tanh form of the paper (Hendrycks & Gimpel 2016): x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).
const SQRT_2_OVER_PI: f32 = 0.7978845608;
const CUBIC: f32 = 0.044715;

// @ts-ignore: decorator
@inline
function geluArgument(x: v128, x2: v128): v128 {
  return f32x4.mul(f32x4.mul(f32x4.splat(SQRT_2_OVER_PI), x), fma(f32x4.splat(CUBIC), x2, f32x4.splat(1)));
}

/** Computes gelu. */
// @ts-ignore: decorator
@inline
export function gelu4(x: v128): v128 {
  const t = tanh4(geluArgument(x, f32x4.mul(x, x)));
  return f32x4.mul(f32x4.mul(f32x4.splat(0.5), x), f32x4.add(f32x4.splat(1), t));
}

/** Computes d gelu / dx. */
// @ts-ignore: decorator
@inline
export function geluSlope4(x: v128): v128 {
  const x2 = f32x4.mul(x, x);
  const t = tanh4(geluArgument(x, x2));
  const one = f32x4.splat(1);
  const half = f32x4.splat(0.5);
  const inner = f32x4.mul(f32x4.splat(SQRT_2_OVER_PI), fma(f32x4.splat(3 * CUBIC), x2, one));
  const steep = f32x4.mul(f32x4.mul(f32x4.mul(half, x), f32x4.sub(one, f32x4.mul(t, t))), inner);
  return fma(half, f32x4.add(one, t), steep);
}

/**
 * Computes erf x by the float form of Numerical Recipes' erfc, whose error is 1.2e-7 of erfc. The formula 7.1.26 of
 * Abramowitz & Stegun would have an error of 1.5e-7.
 */
// @ts-ignore: decorator
@inline
export function erf4(x: v128): v128 {
  const ax = f32x4.abs(x);
  // If |x| < 0.5 it is a power series, because 1 − erfc would lose digits.
  const x2 = f32x4.mul(x, x);
  let s = f32x4.splat(-8.010194e-4);
  s = fma(s, x2, f32x4.splat(5.1883265e-3));
  s = fma(s, x2, f32x4.splat(-2.6853808e-2));
  s = fma(s, x2, f32x4.splat(1.1283792e-1));
  s = fma(s, x2, f32x4.splat(-3.7612638e-1));
  s = fma(s, x2, f32x4.splat(1.1283792));
  const small = f32x4.mul(s, x);
  const one = f32x4.splat(1);
  const t = f32x4.div(one, fma(ax, f32x4.splat(0.5), one));
  let p = f32x4.splat(0.17087277);
  p = fma(p, t, f32x4.splat(-0.82215223));
  p = fma(p, t, f32x4.splat(1.48851587));
  p = fma(p, t, f32x4.splat(-1.13520398));
  p = fma(p, t, f32x4.splat(0.27886807));
  p = fma(p, t, f32x4.splat(-0.18628806));
  p = fma(p, t, f32x4.splat(0.09678418));
  p = fma(p, t, f32x4.splat(0.37409196));
  p = fma(p, t, f32x4.splat(1.00002368));
  p = fma(p, t, f32x4.splat(-1.26551223));
  const erfc = f32x4.mul(t, exp4(f32x4.sub(p, x2)));
  const big = v128.or(f32x4.sub(one, erfc), v128.and(x, i32x4.splat(0x80000000)));
  return v128.bitselect(small, big, f32x4.lt(ax, f32x4.splat(0.5)));
}

/**
 * Computes ln x for a normal x > 0 (Cephes' logf): x = m · 2ᵉ with m in [√½, √2), and a polynomial in m − 1. A table cannot be
 * used, because the module has no data.
 */
export function log(x: f32): f32 {
  if (!(x > 0) || x == Infinity) return x == 0 ? -Infinity : x == Infinity ? x : NaN;
  const bits = reinterpret<u32>(x);
  let e = <i32>(bits >> 23) - 126;
  let m = reinterpret<f32>((bits & 0x007fffff) | 0x3f000000);
  if (m < 0.707106781) {
    e -= 1;
    m += m;
  }
  const z = m - 1;
  let p: f32 = 7.0376836292e-2;
  p = p * z - 1.151461031e-1;
  p = p * z + 1.1676998740e-1;
  p = p * z - 1.2420140846e-1;
  p = p * z + 1.4249322787e-1;
  p = p * z - 1.6668057665e-1;
  p = p * z + 2.0000714765e-1;
  p = p * z - 2.4999993993e-1;
  p = p * z + 3.3333331174e-1;
  const z2 = z * z;
  let y = p * z * z2;
  y += -2.12194440e-4 * <f32>e;
  y -= 0.5 * z2;
  return z + y + 0.693359375 * <f32>e;
}

/** Computes Φ(x), the share of a normal distribution below x. */
// @ts-ignore: decorator
@inline
function normalShare4(x: v128): v128 {
  const half = f32x4.splat(0.5);
  return fma(half, erf4(f32x4.mul(x, f32x4.splat(0.70710678))), half);
}

/** Computes gelu in its exact form, x · Φ(x). */
// @ts-ignore: decorator
@inline
export function geluErf4(x: v128): v128 {
  return f32x4.mul(x, normalShare4(x));
}

/** Computes the derivative of the exact gelu: Φ(x) + x · φ(x). */
// @ts-ignore: decorator
@inline
export function geluErfSlope4(x: v128): v128 {
  const bell = exp4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5)));
  return fma(f32x4.mul(x, f32x4.splat(0.39894228)), bell, normalShare4(x));
}
