import { at, loadSome, storeSome } from "./simd";

// The generator is counter-based (Philox's idea, with the 32-bit finaliser of MurmurHash3 twice as its mixer): element i
// of seed s is always the same number, on every machine and however the work is shared out, and the gradient draws it
// again instead of keeping a mask.

// @ts-ignore: decorator
@inline
function mix(v: v128): v128 {
  v = v128.xor(v, i32x4.shr_u(v, 16));
  v = i32x4.mul(v, i32x4.splat(0x85ebca6b));
  v = v128.xor(v, i32x4.shr_u(v, 13));
  v = i32x4.mul(v, i32x4.splat(0xc2b2ae35));
  return v128.xor(v, i32x4.shr_u(v, 16));
}

/** y ← x / (1 − rate) with probability 1 − rate, else 0. `threshold`: rate · 2³². For the gradient pass dy as x. */
export function dropout(x: usize, y: usize, n: i32, seed: i32, threshold: u32, scale: f32): void {
  const s = f32x4.splat(scale);
  const key = mix(i32x4.splat(seed));
  const limit = i32x4.splat(<i32>(threshold ^ 0x80000000));
  const sign = i32x4.splat(0x80000000);
  let counter = i32x4(0, 1, 2, 3);
  const four = i32x4.splat(4);
  for (let i = 0; i < n; i += 4) {
    const bits = mix(i32x4.add(mix(v128.xor(counter, key)), key));
    // Unsigned ≥ by way of the signed comparison.
    const keep = i32x4.ge_s(v128.xor(bits, sign), limit);
    if (i + 4 <= n) v128.store(at(y, i), v128.and(keep, f32x4.mul(v128.load(at(x, i)), s)));
    else storeSome(at(y, i), v128.and(keep, f32x4.mul(loadSome(at(x, i), n - i), s)), n - i);
    counter = i32x4.add(counter, four);
  }
}
