// Helpers of all kernels. All numbers are float32. Addresses are bytes in tfjs's own heap.
//
// The module has no data segment and no stack. So the main thread and workers may create any number of instances on one
// heap. If a kernel needs memory for intermediate results, its caller passes the address of a scratch. The only state is
// `weightSquares` of optimizers.ts, which only the main thread uses.

/** Bytes of a float and of a vector of four floats. */
export const F: usize = 4;
export const V: usize = 16;

/** Computes a·b + c. It is rounded once if the engine has relaxed SIMD and the machine has fused multiply-add, else twice. */
// @ts-ignore: decorator
@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/** Computes −a·b + c, rounded like {@link fma}. */
// @ts-ignore: decorator
@inline
export function fnma(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_nmadd(a, b, c) : f32x4.sub(c, f32x4.mul(a, b));
}

/** Returns four zeros. */
// @ts-ignore: decorator
@inline
export function zero(): v128 {
  return f32x4.splat(0);
}

/** Sums the four lanes. */
// @ts-ignore: decorator
@inline
export function laneSum(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/** Returns the address of number `index` after `base`. */
// @ts-ignore: decorator
@inline
export function at(base: usize, index: i32): usize {
  return base + ((<usize>index) << 2);
}

/** Loads the first `count` (1 to 3) floats at `p`. The other lanes are 0. It reads no further, because the heap may end there. */
export function loadSome(p: usize, count: i32): v128 {
  let v = v128.load32_zero(p);
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(p, 4));
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(p, 8));
  return v;
}

/** Stores the first `count` (1 to 3) lanes. */
export function storeSome(p: usize, v: v128, count: i32): void {
  store<f32>(p, f32x4.extract_lane(v, 0));
  if (count > 1) store<f32>(p, f32x4.extract_lane(v, 1), 4);
  if (count > 2) store<f32>(p, f32x4.extract_lane(v, 2), 8);
}

/** Sets x[0..n) ← value. */
export function fill(x: usize, n: i32, value: f32): void {
  const v = f32x4.splat(value);
  const end = at(x, n);
  let p = x;
  for (; p + 64 <= end; p += 64) {
    v128.store(p, v);
    v128.store(p, v, 16);
    v128.store(p, v, 32);
    v128.store(p, v, 48);
  }
  for (; p < end; p += F) store<f32>(p, value);
}

/** Transposes a block of 4 × 4 numbers. Row r of the result is stored at to + r·stride. */
// @ts-ignore: decorator
@inline
export function transpose4(r0: v128, r1: v128, r2: v128, r3: v128, to: usize, stride: usize): void {
  const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const b = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const c = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const d = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(a, c, 0, 2));
  v128.store(to + stride, v128.shuffle<f64>(a, c, 1, 3));
  v128.store(to + 2 * stride, v128.shuffle<f64>(b, d, 0, 2));
  v128.store(to + 3 * stride, v128.shuffle<f64>(b, d, 1, 3));
}
