/**
 * WGSL functions for norms that are right even if squares overflow or underflow float32 (Blue, ACM TOMS 4, 1978). Magnitudes
 * below 1e-15 and above 1e15 are scaled by 2^±70 and summed separately.
 *
 * `blue(x)` returns four summands: three squares, of which at most one is not zero, and a count of special values, which is
 * 1 for an infinity and 2^100 for a NaN. `blueNorm(sums)` returns the norm for the sums of such quadruples. Both test the
 * bits of a number, because a compiler may assume that floats are finite.
 */
export const BLUE: string = `
fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn blue(x: f32) -> vec4<f32> {
  if ((bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u) { return vec4<f32>(0.0, 0.0, 0.0, select(1.0, ${2 ** 100}, isNan(x))); }
  let a = abs(x);
  if (a > 1e15) { let y = x * ${2 ** -70}; return vec4<f32>(0.0, 0.0, y * y, 0.0); }
  if (a < 1e-15) { let y = x * ${2 ** 70}; return vec4<f32>(y * y, 0.0, 0.0, 0.0); }
  return vec4<f32>(0.0, x * x, 0.0, 0.0);
}
fn blueNorm(s: vec4<f32>) -> f32 {
  if (s.w > 0.0) { return bitcast<f32>(select(0x7f800000u, 0x7fc00000u, s.w >= ${2 ** 100})); }
  // Add the next smaller class too: near the border its values still matter.
  if (s.z > 0.0) { return sqrt(s.z + s.y * ${2 ** -70} * ${2 ** -70}) * ${2 ** 70}; }
  if (s.y > 0.0) { return sqrt(s.y + s.x * ${2 ** -70} * ${2 ** -70}); }
  return sqrt(s.x) * ${2 ** -70};
}`;

/** Floats per sum: the length of a quadruple of `blue`. */
export const SUMS = 4;

/** Threads of a workgroup, which sums a part of one tensor. */
const THREADS = 32;
/** Threads that add up eight sums each, in the second stage. */
const EIGHTS = THREADS / 8;

/**
 * Returns the parts of a shader that add up quadruples over a workgroup and store the sums in `partials`.
 *
 * Workgroups are small and add up in two stages, so that there are three barriers per tensor. A barrier costs as much as a
 * hundred additions, and on software devices far more.
 */
export function reduction(names: readonly string[]): {
  readonly workgroup: number;
  readonly module: string;
  readonly before: string;
  readonly after: string;
} {
  const sum = (name: string, count: number, stride: number): string => `
      var all_${name} = tile_${name}[first];
      for (var k = 1u; k < ${count}u; k++) { all_${name} += tile_${name}[first + k * ${stride}u]; }`;
  return {
    workgroup: THREADS,
    module: `${BLUE}\n${names.map((name) => `var<workgroup> tile_${name}: array<vec4<f32>, ${THREADS}>;`).join("\n")}`,
    before: names.map((name) => `var sum_${name} = vec4<f32>(0.0);`).join("\n    "),
    after: `
    ${names.map((name) => `tile_${name}[local.x] = sum_${name};`).join("\n    ")}
    workgroupBarrier();
    if (local.x < ${EIGHTS}u) {
      let first = local.x;
      ${names.map((name) => `${sum(name, 8, EIGHTS)}\n      tile_${name}[first] = all_${name};`).join("\n")}
    }
    workgroupBarrier();
    if (local.x == 0u) {
      let first = 0u;
      let at = (p.index * groups.x + group.x) * ${SUMS * names.length}u;
      ${names
        .map((name, n) =>
          [
            sum(name, EIGHTS, 1),
            ...["x", "y", "z", "w"].map((axis, k) => `partials[at + ${SUMS * n + k}u] = all_${name}.${axis};`),
          ].join("\n      "),
        )
        .join("\n      ")}
    }
    workgroupBarrier();`,
  };
}

/** Returns the workgroups for a reduction over tensors of these sizes: ≥ 16 elements per thread and ≤ 128 partial sums per tensor. */
export function reductionGroups(sizes: readonly number[]): number {
  return Math.min(128, Math.max(1, Math.ceil(Math.max(0, ...sizes) / (16 * THREADS))));
}
