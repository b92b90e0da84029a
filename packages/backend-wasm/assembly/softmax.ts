import { exp4, log } from "./math";
import { at, laneSum, loadSome, storeSome, zero } from "./simd";

/** Computes softmax over the last axis, for rows [from, to). */
export function softmax(x: usize, y: usize, columns: i32, from: i32, to: i32): void {
  for (let r = from; r < to; r++) {
    const p = at(x, r * columns);
    const q = at(y, r * columns);
    const total = exponentials(p, q, columns, largest(p, columns));
    scale(q, columns, 1 / total);
  }
}

/** Computes dx ← y · (dy − Σ dy · y), for rows [from, to). */
export function softmaxGradient(y: usize, dy: usize, dx: usize, columns: i32, from: i32, to: i32): void {
  for (let r = from; r < to; r++) {
    const p = at(y, r * columns);
    const d = at(dy, r * columns);
    const q = at(dx, r * columns);
    let s = zero();
    let c = 0;
    for (; c + 4 <= columns; c += 4) s = f32x4.add(s, f32x4.mul(v128.load(at(p, c)), v128.load(at(d, c))));
    let dot = laneSum(s);
    for (; c < columns; c++) dot += load<f32>(at(p, c)) * load<f32>(at(d, c));
    const v = f32x4.splat(dot);
    for (c = 0; c + 4 <= columns; c += 4)
      v128.store(at(q, c), f32x4.mul(v128.load(at(p, c)), f32x4.sub(v128.load(at(d, c)), v)));
    for (; c < columns; c++) store<f32>(at(q, c), load<f32>(at(p, c)) * (load<f32>(at(d, c)) - dot));
  }
}

/**
 * Computes the softmax cross-entropy of each row, −Σ target · log softmax(x), for rows [from, to). The softmax is stored at
 * `y` for the gradient. The largest logit is subtracted before log Σ eˣ is computed, so that no logit overflows.
 */
export function softmaxCrossEntropy(x: usize, targets: usize, y: usize, loss: usize, columns: i32, from: i32, to: i32): void {
  for (let r = from; r < to; r++) {
    const p = at(x, r * columns);
    const t = at(targets, r * columns);
    const q = at(y, r * columns);
    const top = largest(p, columns);
    const total = exponentials(p, q, columns, top);
    const logTotal = log(total);
    let s: f32 = 0;
    for (let c = 0; c < columns; c++) {
      const target = load<f32>(at(t, c));
      // 0 · ∞ would be NaN. The logit of a target of 0 does not matter.
      if (target != 0) s += target * (logTotal - (load<f32>(at(p, c)) - top));
    }
    store<f32>(at(loss, r), s);
    scale(q, columns, 1 / total);
  }
}

/** Computes dx[r][c] ← dloss[r] · (softmax · Σ targets − target), for rows [from, to). */
export function softmaxCrossEntropyGradient(
  y: usize, targets: usize, dloss: usize, dx: usize, columns: i32, from: i32, to: i32,
): void {
  for (let r = from; r < to; r++) {
    const p = at(y, r * columns);
    const t = at(targets, r * columns);
    const q = at(dx, r * columns);
    let mass: f32 = 0;
    for (let c = 0; c < columns; c++) mass += load<f32>(at(t, c));
    const d = load<f32>(at(dloss, r));
    for (let c = 0; c < columns; c++) store<f32>(at(q, c), d * (load<f32>(at(p, c)) * mass - load<f32>(at(t, c))));
  }
}

/** Returns the largest of n numbers. */
function largest(x: usize, n: i32): f32 {
  let top: f32 = -Infinity;
  let c = 0;
  if (n >= 4) {
    let v = v128.load(x);
    for (c = 4; c + 4 <= n; c += 4) v = f32x4.max(v, v128.load(at(x, c)));
    top = max(
      max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
      max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
    );
  }
  for (; c < n; c++) top = max(top, load<f32>(at(x, c)));
  return top;
}

/** Computes y ← e^(x − top). Returns the sum of y. */
function exponentials(x: usize, y: usize, n: i32, top: f32): f32 {
  const t = f32x4.splat(top);
  let s = zero();
  let c = 0;
  for (; c + 4 <= n; c += 4) {
    const e = exp4(f32x4.sub(v128.load(at(x, c)), t));
    s = f32x4.add(s, e);
    v128.store(at(y, c), e);
  }
  let total = laneSum(s);
  if (c < n) {
    const e = exp4(f32x4.sub(loadSome(at(x, c), n - c), t));
    storeSome(at(y, c), e, n - c);
    for (; c < n; c++) total += load<f32>(at(y, c));
  }
  return total;
}

/** Computes x[0..n) ← x · factor. */
function scale(x: usize, n: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  let c = 0;
  for (; c + 4 <= n; c += 4) v128.store(at(x, c), f32x4.mul(v128.load(at(x, c)), f));
  for (; c < n; c++) store<f32>(at(x, c), load<f32>(at(x, c)) * factor);
}
