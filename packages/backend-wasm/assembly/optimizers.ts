import { at, fma, fnma, laneSum, loadSome, storeSome, zero } from "./simd";

// Each call updates one tensor in place. A number takes few operations, so the speed of the memory decides: each tensor is
// read once and written once.

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

/** Computes w ← w − rate · (gradScale · g + weightScale · w). */
export function sgd(w: usize, g: usize, n: i32, gradScale: f32, weightScale: f32, rate: f32): void {
  const gs = f32x4.splat(gradScale), ws = f32x4.splat(weightScale), r = f32x4.splat(rate);
  for (let i = 0; i < n; i += 4) {
    const p = read(w, i, n);
    write(w, i, n, fnma(r, fma(p, ws, f32x4.mul(read(g, i, n), gs)), p));
  }
}

/**
 * Computes a step with momentum. With d = gradScale · g + weightScale · w:
 *
 * - v ← momentum · v + intake · d, or v ← d if `first`;
 * - w ← w − rate · v, or w ← w − rate · (momentum · v + lookahead · d) if `nesterov`. w does not change if `move` is 0.
 */
export function momentum(
  w: usize, g: usize, v: usize, n: i32, gradScale: f32, weightScale: f32, rate: f32,
  momentum: f32, intake: f32, lookahead: f32, nesterov: bool, first: bool, move: bool,
): void {
  const gs = f32x4.splat(gradScale), ws = f32x4.splat(weightScale), r = f32x4.splat(rate);
  const m = f32x4.splat(first ? 0 : momentum), a = f32x4.splat(first ? 1 : intake);
  const mu = f32x4.splat(momentum), ahead = f32x4.splat(lookahead);
  let i = 0;
  // The most common case, without a condition in the loop. Two vectors at a time are as fast as the memory, one is not.
  if (move && !nesterov) {
    for (; i + 8 <= n; i += 8) {
      const pw = at(w, i), pg = at(g, i), pv = at(v, i);
      const w0 = v128.load(pw), w1 = v128.load(pw, 16);
      const d0 = fma(w0, ws, f32x4.mul(v128.load(pg), gs)), d1 = fma(w1, ws, f32x4.mul(v128.load(pg, 16), gs));
      const v0 = fma(v128.load(pv), m, f32x4.mul(d0, a)), v1 = fma(v128.load(pv, 16), m, f32x4.mul(d1, a));
      v128.store(pv, v0);
      v128.store(pv, v1, 16);
      v128.store(pw, fnma(r, v0, w0));
      v128.store(pw, fnma(r, v1, w1), 16);
    }
  }
  for (; i < n; i += 4) {
    const p = read(w, i, n);
    const d = fma(p, ws, f32x4.mul(read(g, i, n), gs));
    const next = fma(read(v, i, n), m, f32x4.mul(d, a));
    write(v, i, n, next);
    if (move) write(w, i, n, fnma(r, nesterov ? fma(next, mu, f32x4.mul(d, ahead)) : next, p));
  }
}

/** Computes w ← w − step · (gradScale · g + weightScale · w + velocityScale · v). */
export function descend(
  w: usize, g: usize, v: usize, n: i32, gradScale: f32, weightScale: f32, velocityScale: f32, step: f32,
): void {
  const gs = f32x4.splat(gradScale), ws = f32x4.splat(weightScale), vs = f32x4.splat(velocityScale), r = f32x4.splat(step);
  for (let i = 0; i < n; i += 4) {
    const p = read(w, i, n);
    const d = fma(read(v, i, n), vs, fma(p, ws, f32x4.mul(read(g, i, n), gs)));
    write(w, i, n, fnma(r, d, p));
  }
}

/** Computes y ← factor · x. */
export function scaleInto(x: usize, y: usize, n: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  for (let i = 0; i < n; i += 4) write(y, i, n, f32x4.mul(read(x, i, n), f));
}

/** Computes Σ (scale · (g + decay · w + velocityScale · v))². Blocks of 1,024 are summed in float64. */
export function combinedSumOfSquares(
  g: usize, w: usize, v: usize, n: i32, decay: f32, velocityScale: f32, scale: f32,
): f64 {
  const d = f32x4.splat(decay), vs = f32x4.splat(velocityScale), f = f32x4.splat(scale);
  let total: f64 = 0;
  for (let i = 0; i < n; ) {
    const end = min(n, i + 1024);
    let s = zero();
    for (; i < end; i += 4) {
      const u = f32x4.mul(f, fma(read(v, i, end), vs, fma(read(w, i, end), d, read(g, i, end))));
      s = fma(u, u, s);
    }
    total += laneSum(s);
  }
  return total;
}

/** Computes max |g + decay · w + velocityScale · v|. It is NaN if any of the numbers is. */
export function combinedLargest(g: usize, w: usize, v: usize, n: i32, decay: f32, velocityScale: f32): f32 {
  const d = f32x4.splat(decay), vs = f32x4.splat(velocityScale);
  let m = zero();
  for (let i = 0; i < n; i += 4)
    m = f32x4.max(m, f32x4.abs(fma(read(v, i, n), vs, fma(read(w, i, n), d, read(g, i, n)))));
  return max(
    max(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1)),
    max(f32x4.extract_lane(m, 2), f32x4.extract_lane(m, 3)),
  );
}

/** Computes Adam's direction m̂ / (√v̂ + ε) + decay · w, with m̂ = m / c₁ and v̂ = v / c₂. */
// @ts-ignore: decorator
@inline
function direction(m: v128, v: v128, w: v128, r1: v128, r2: v128, epsilon: v128, decay: v128): v128 {
  const root = f32x4.add(f32x4.sqrt(f32x4.mul(v, r2)), epsilon);
  return fma(w, decay, f32x4.div(f32x4.mul(m, r1), root));
}

/** Computes a step of Adam with decoupled decay: w ← w − rate · (m̂ / (√v̂ + ε) + decay · w). `correction`: 1 − βᵗ. */
export function adam(
  w: usize, g: usize, m: usize, v: usize, n: i32, rate: f32, beta1: f32, beta2: f32, rest1: f32, rest2: f32,
  epsilon: f32, correction1: f32, correction2: f32, decay: f32,
): void {
  const b1 = f32x4.splat(beta1), b2 = f32x4.splat(beta2), a1 = f32x4.splat(rest1), a2 = f32x4.splat(rest2);
  const r1 = f32x4.splat(1 / correction1), r2 = f32x4.splat(1 / correction2);
  const e = f32x4.splat(epsilon), d = f32x4.splat(decay), r = f32x4.splat(rate);
  let i = 0;
  // Whole vectors, two at a time, without the conditions of read and write. The two roots and divisions overlap in time.
  for (; i + 8 <= n; i += 8) {
    const pw = at(w, i), pm = at(m, i), pv = at(v, i), pg = at(g, i);
    const g0 = v128.load(pg), g1 = v128.load(pg, 16), w0 = v128.load(pw), w1 = v128.load(pw, 16);
    const m0 = fma(v128.load(pm), b1, f32x4.mul(g0, a1)), m1 = fma(v128.load(pm, 16), b1, f32x4.mul(g1, a1));
    const v0 = fma(v128.load(pv), b2, f32x4.mul(f32x4.mul(g0, g0), a2));
    const v1 = fma(v128.load(pv, 16), b2, f32x4.mul(f32x4.mul(g1, g1), a2));
    const u0 = direction(m0, v0, w0, r1, r2, e, d), u1 = direction(m1, v1, w1, r1, r2, e, d);
    v128.store(pm, m0);
    v128.store(pm, m1, 16);
    v128.store(pv, v0);
    v128.store(pv, v1, 16);
    v128.store(pw, fnma(r, u0, w0));
    v128.store(pw, fnma(r, u1, w1), 16);
  }
  for (; i < n; i += 4) {
    const gv = read(g, i, n);
    const mv = fma(read(m, i, n), b1, f32x4.mul(gv, a1));
    const vv = fma(read(v, i, n), b2, f32x4.mul(f32x4.mul(gv, gv), a2));
    write(m, i, n, mv);
    write(v, i, n, vv);
    const p = read(w, i, n);
    write(w, i, n, fnma(r, direction(mv, vv, p, r1, r2, e, d), p));
  }
}

let weightSquares: f64 = 0;

/** Returns Σ of the squares of the weights that the last `lambMoments` read. */
export function lambWeights(): f64 {
  return weightSquares;
}

/**
 * Computes the first half of a step of LAMB: Adam's moments, and the direction, which is stored at `u` unless that is 0.
 * Returns Σ of the direction's squares.
 */
export function lambMoments(
  w: usize, g: usize, m: usize, v: usize, n: i32, beta1: f32, beta2: f32, rest1: f32, rest2: f32,
  epsilon: f32, correction1: f32, correction2: f32, decay: f32, u: usize,
): f64 {
  const b1 = f32x4.splat(beta1), b2 = f32x4.splat(beta2), a1 = f32x4.splat(rest1), a2 = f32x4.splat(rest2);
  const r1 = f32x4.splat(1 / correction1), r2 = f32x4.splat(1 / correction2);
  const e = f32x4.splat(epsilon), d = f32x4.splat(decay);
  let total: f64 = 0, weights: f64 = 0;
  for (let i = 0; i < n; ) {
    const end = min(n, i + 1024);
    let s = zero(), t = zero();
    for (; i + 8 <= end; i += 8) {
      const pw = at(w, i), pm = at(m, i), pv = at(v, i), pg = at(g, i);
      const g0 = v128.load(pg), g1 = v128.load(pg, 16);
      const m0 = fma(v128.load(pm), b1, f32x4.mul(g0, a1)), m1 = fma(v128.load(pm, 16), b1, f32x4.mul(g1, a1));
      const v0 = fma(v128.load(pv), b2, f32x4.mul(f32x4.mul(g0, g0), a2));
      const v1 = fma(v128.load(pv, 16), b2, f32x4.mul(f32x4.mul(g1, g1), a2));
      const w0 = v128.load(pw), w1 = v128.load(pw, 16);
      const u0 = direction(m0, v0, w0, r1, r2, e, d), u1 = direction(m1, v1, w1, r1, r2, e, d);
      v128.store(pm, m0);
      v128.store(pm, m1, 16);
      v128.store(pv, v0);
      v128.store(pv, v1, 16);
      if (u) {
        v128.store(at(u, i), u0);
        v128.store(at(u, i), u1, 16);
      }
      s = fma(u1, u1, fma(u0, u0, s));
      t = fma(w1, w1, fma(w0, w0, t));
    }
    for (; i < end; i += 4) {
      const gv = read(g, i, end);
      const mv = fma(read(m, i, end), b1, f32x4.mul(gv, a1));
      const vv = fma(read(v, i, end), b2, f32x4.mul(f32x4.mul(gv, gv), a2));
      write(m, i, end, mv);
      write(v, i, end, vv);
      const p = read(w, i, end);
      t = fma(p, p, t);
      let along = direction(mv, vv, p, r1, r2, e, d);
      if (u) write(u, i, end, along);
      // Lanes past the end are 0 / (√0 + ε), which is NaN if ε is 0.
      if (i + 4 > end) along = firstLanes(along, end - i);
      s = fma(along, along, s);
    }
    total += laneSum(s);
    weights += laneSum(t);
  }
  weightSquares = weights;
  return total;
}

/** Computes the second half of a step of LAMB from a stored direction: w ← w − step · u. */
export function lambStep(w: usize, u: usize, n: i32, step: f32): void {
  const r = f32x4.splat(step);
  for (let i = 0; i < n; i += 4) write(w, i, n, fnma(r, read(u, i, n), read(w, i, n)));
}

/** Computes the second half of a step of LAMB, and the direction again: w ← w − step · direction. */
export function lambApply(
  w: usize, m: usize, v: usize, n: i32, step: f32, epsilon: f32, correction1: f32, correction2: f32, decay: f32,
): void {
  const r1 = f32x4.splat(1 / correction1), r2 = f32x4.splat(1 / correction2);
  const e = f32x4.splat(epsilon), d = f32x4.splat(decay), r = f32x4.splat(step);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const pw = at(w, i), pm = at(m, i), pv = at(v, i);
    const w0 = v128.load(pw), w1 = v128.load(pw, 16);
    const u0 = direction(v128.load(pm), v128.load(pv), w0, r1, r2, e, d);
    const u1 = direction(v128.load(pm, 16), v128.load(pv, 16), w1, r1, r2, e, d);
    v128.store(pw, fnma(r, u0, w0));
    v128.store(pw, fnma(r, u1, w1), 16);
  }
  for (; i < n; i += 4) {
    const p = read(w, i, n);
    write(w, i, n, fnma(r, direction(read(m, i, n), read(v, i, n), p, r1, r2, e, d), p));
  }
}

/** Returns the first `count` lanes of v. The others are 0. */
function firstLanes(v: v128, count: i32): v128 {
  const lanes = i32x4(0, 1, 2, 3);
  return v128.and(v, i32x4.lt_s(lanes, i32x4.splat(count)));
}
