import { at, loadSome, storeSome } from "./simd";

// The generator is counter-based, like Philox, and mixes by two rounds of the 32-bit finaliser of MurmurHash3. Element i of
// seed s is always the same number, on every machine and for every division of the work. So the gradient computes the mask
// again instead of keeping it.

// @ts-ignore: decorator
@inline
function mix(v: v128): v128 {
  v = v128.xor(v, i32x4.shr_u(v, 16));
  v = i32x4.mul(v, i32x4.splat(0x85ebca6b));
  v = v128.xor(v, i32x4.shr_u(v, 13));
  v = i32x4.mul(v, i32x4.splat(0xc2b2ae35));
  return v128.xor(v, i32x4.shr_u(v, 16));
}

/**
 * Computes y ← x / (1 − rate) with probability 1 − rate, else 0. For the gradient pass dy as x.
 *
 * @param threshold rate · 2³²
 * @param scale 1 / (1 − rate)
 */
export function dropout(x: usize, y: usize, n: i32, seed: i32, threshold: u32, scale: f32): void {
  const s = f32x4.splat(scale);
  const key = mix(i32x4.splat(seed));
  const limit = i32x4.splat(<i32>(threshold ^ 0x80000000));
  const sign = i32x4.splat(0x80000000);
  let counter = i32x4(0, 1, 2, 3);
  const four = i32x4.splat(4);
  for (let i = 0; i < n; i += 4) {
    const bits = mix(i32x4.add(mix(v128.xor(counter, key)), key));
    // The xor with the sign bit makes the signed comparison an unsigned one.
    const keep = i32x4.ge_s(v128.xor(bits, sign), limit);
    if (i + 4 <= n) v128.store(at(y, i), v128.and(keep, f32x4.mul(v128.load(at(x, i)), s)));
    else storeSome(at(y, i), v128.and(keep, f32x4.mul(loadSome(at(x, i), n - i), s)), n - i);
    counter = i32x4.add(counter, four);
  }
}
