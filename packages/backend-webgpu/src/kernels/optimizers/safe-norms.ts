/**
 * Norms that hold where the squares do not fit float32, after Blue (ACM TOMS 4, 1978): magnitudes below 1e-15 and above
 * 1e15 are summed apart, scaled by 2^±70.
 *
 * `blue(x)` gives the three squares of a number, and what it counts where it is none: 1 for an infinity, 2^100 for a NaN.
 * `blueNorm(sums)` gives the norm of the sums of these. Both look at bits: a compiler may take it that floats are finite.
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
  // What is 2^70 smaller than the rest vanishes beside it; what is near the border does not.
  if (s.z > 0.0) { return sqrt(s.z + s.y * ${2 ** -70} * ${2 ** -70}) * ${2 ** 70}; }
  if (s.y > 0.0) { return sqrt(s.y + s.x * ${2 ** -70} * ${2 ** -70}); }
  return sqrt(s.x) * ${2 ** -70};
}`;

/** Numbers of one sum. */
export const SUMS = 4;

/** Threads that sum one tensor's part, and how many of them add up what eight have found. */
const THREADS = 32;
const EIGHTS = THREADS / 8;

/**
 * Sums quadruples over a workgroup and leaves them in `partials`, after the loop over one tensor's elements.
 *
 * Small workgroups and two stages: a barrier costs as much as some hundred additions, on software devices far more and each thread
 * anew, and a dispatch passes three of them for each tensor.
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

/** Workgroups for a reduction over tensors of these sizes: at least 16 elements a thread, at most 128 partial sums a tensor. */
export function reductionGroups(sizes: readonly number[]): number {
  return Math.min(128, Math.max(1, Math.ceil(Math.max(0, ...sizes) / (16 * THREADS))));
}
