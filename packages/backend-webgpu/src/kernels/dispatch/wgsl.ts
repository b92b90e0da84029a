/**
 * One elementwise step over many tensors, as text: what is bound for each tensor, its numbers, and the code for one
 * element.
 *
 * A dispatch takes as many tensors as the device lets a shader bind. WGSL cannot index bindings, so the code is written
 * out for each of them.
 */
export interface StepShader {
  /** Tells this shader from others in the cache. */
  readonly key: string;
  /** Names of the arrays of each tensor that are written. */
  readonly written: readonly string[];
  /** Names of the arrays of each tensor that are only read. */
  readonly read: readonly string[];
  /** Names of the numbers of each tensor; `size` and `index` are there anyway. */
  readonly numbers: readonly string[];
  /** Names of the numbers common to all. */
  readonly shared: readonly string[];
  /** Arrays bound once for all tensors: name → access. */
  readonly common?: { readonly [name: string]: "read" | "read_write" };
  /** Code for element `i`. `at("w")` is that of the array; numbers are `p.name` and `s.name`. */
  element(at: (name: string) => string): string;
  /** Code before and after the loop over the elements of one tensor, for reductions. @default none */
  readonly before?: string;
  readonly after?: string;
  /** Declarations at module level. @default none */
  readonly module?: string;
  /** Threads of a workgroup. @default {@link WORKGROUP} */
  readonly workgroup?: number;
}

export const WORKGROUP = 256;

/** Arrays that one tensor binds. */
export function arraysOf(shader: StepShader): readonly string[] {
  return [...shader.written, ...shader.read];
}

/** Words (4 bytes) of one tensor's numbers, padded to the 16 bytes that uniform arrays want. */
export function recordWords(shader: StepShader): number {
  return 4 * Math.ceil((3 + shader.numbers.length) / 4);
}

/** The array that can be gathered: the last that is only read. */
export function gatherable({ read }: StepShader): string | undefined {
  return read.at(-1);
}

/** Words of the numbers common to all. */
export function sharedWords(shader: StepShader): number {
  return 4 * Math.max(1, Math.ceil(shader.shared.length / 4));
}

/**
 * The shader for `slots` tensors in one dispatch.
 *
 * @param gathered whether the last read array stands in one buffer for all tensors, from `start` on for each.
 */
export function wgsl(shader: StepShader, slots: number, gathered: boolean): string {
  const padding = recordWords(shader) - 3 - shader.numbers.length;
  const sharedPadding = sharedWords(shader) - shader.shared.length;
  const { workgroup = WORKGROUP } = shader;
  const shared = gathered ? gatherable(shader) : undefined;
  const arrays = arraysOf(shader).filter((name) => name !== shared);
  const access = (name: string): string => (shader.written.includes(name) ? "read_write" : "read");
  const range = Array.from({ length: slots }, (_, slot) => slot);
  const common = Object.entries({ ...(shared ? { [shared]: "read" } : {}), ...shader.common });
  return `
struct Tensor { size: u32, index: u32, start: u32, ${fields(shader.numbers, padding)} };
struct Head { ${fields(shader.shared, sharedPadding)} };
struct Uniforms { head: Head, tensors: array<Tensor, ${slots}> };
${range
  .flatMap((slot) =>
    arrays.map(
      (name, j) =>
        `@group(0) @binding(${slot * arrays.length + j}) var<storage, ${access(name)}> ${name}_${slot}: array<f32>;`,
    ),
  )
  .join("\n")}
${common
  .map(
    ([name, mode], j) => `@group(0) @binding(${slots * arrays.length + j}) var<storage, ${mode}> ${name}: array<f32>;`,
  )
  .join("\n")}
@group(0) @binding(${slots * arrays.length + common.length}) var<uniform> u: Uniforms;
${shader.module ?? ""}
@compute @workgroup_size(${workgroup})
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
  let s = u.head;
  let stride = groups.x * ${workgroup}u;
${range
  .map(
    (slot) => `  {
    let p = u.tensors[${slot}];
    ${shader.before ?? ""}
    for (var i = id.x; i < p.size; i += stride) {
      ${shader.element((name) => (name === shared ? `${name}[p.start + i]` : `${name}_${slot}[i]`))}
    }
    ${shader.after ?? ""}
  }`,
  )
  .join("\n")}
}`;
}

function fields(names: readonly string[], padding: number): string {
  return [...names, ...Array.from({ length: padding }, (_, i) => `pad${i}`)].map((name) => `${name}: f32`).join(", ");
}
