/**
 * Norms that hold where the squares do not fit float32, after Blue (ACM TOMS 4, 1978): magnitudes below 1e-15 and above
 * 1e15 are summed apart, scaled by 2^±70.
 *
 * `blue(x)` gives the three squares of a number, `blueNorm(sums)` the norm of three sums.
 */
export const BLUE: string = `
fn blue(x: f32) -> vec3<f32> {
  let a = abs(x);
  if (a > 1e15) { let y = x * ${2 ** -70}; return vec3<f32>(0.0, 0.0, y * y); }
  if (a < 1e-15) { let y = x * ${2 ** 70}; return vec3<f32>(y * y, 0.0, 0.0); }
  return vec3<f32>(0.0, x * x, 0.0);
}
fn blueNorm(s: vec3<f32>) -> f32 {
  // What is 2^70 smaller than the rest vanishes beside it; what is near the border does not.
  if (s.z > 0.0) { return sqrt(s.z + s.y * ${2 ** -70} * ${2 ** -70}) * ${2 ** 70}; }
  if (s.y > 0.0) { return sqrt(s.y + s.x * ${2 ** -70} * ${2 ** -70}); }
  return sqrt(s.x) * ${2 ** -70};
}`;

/** Sums `count` triples over a workgroup and leaves them in \`partials\`, after the loop over one tensor's elements. */
export function reduction(names: readonly string[]): {
  readonly module: string;
  readonly before: string;
  readonly after: string;
} {
  return {
    module: `${BLUE}\n${names.map((name) => `var<workgroup> tile_${name}: array<vec3<f32>, 256>;`).join("\n")}`,
    before: names.map((name) => `var sum_${name} = vec3<f32>(0.0);`).join("\n    "),
    after: `
    ${names.map((name) => `tile_${name}[local.x] = sum_${name};`).join("\n    ")}
    workgroupBarrier();
    for (var width = 128u; width > 0u; width = width / 2u) {
      if (local.x < width) {
        ${names.map((name) => `tile_${name}[local.x] += tile_${name}[local.x + width];`).join("\n        ")}
      }
      workgroupBarrier();
    }
    if (local.x == 0u) {
      let at = (p.index * groups.x + group.x) * ${3 * names.length}u;
      ${names
        .flatMap((name, n) =>
          ["x", "y", "z"].map((axis, k) => `partials[at + ${3 * n + k}u] = tile_${name}[0].${axis};`),
        )
        .join("\n      ")}
    }
    workgroupBarrier();`,
  };
}

/** Workgroups for a reduction over tensors of these sizes: at least four elements a thread, at most 64 partial sums a tensor. */
export function reductionGroups(sizes: readonly number[]): number {
  return Math.min(64, Math.max(1, Math.ceil(Math.max(0, ...sizes) / 1024)));
}
