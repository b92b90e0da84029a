/**
 * An elementwise step over many tensors, as shader text. It says which arrays and numbers each tensor has, and computes one
 * element.
 *
 * A dispatch takes as many tensors as the device lets a shader bind. WGSL cannot index bindings, so the generated shader repeats
 * the code for each tensor.
 */
export interface StepShader {
  /** Identifies the shader in the cache of pipelines. */
  readonly key: string;
  /** Names of the arrays of each tensor that are written. */
  readonly written: readonly string[];
  /** Names of the arrays of each tensor that are only read. */
  readonly read: readonly string[];
  /** Names of the numbers of each tensor, in addition to `size` and `index`. */
  readonly numbers: readonly string[];
  /** Names of the numbers common to all tensors. */
  readonly shared: readonly string[];
  /** Arrays that are bound once for all tensors, by name, with their access. */
  readonly common?: { readonly [name: string]: "read" | "read_write" };
  /**
   * Returns the code for element `i`. `at("w")` returns the code of this element in the array `w`. The numbers are `p.name` for
   * a tensor's own ones and `s.name` for common ones.
   */
  element(at: (name: string) => string): string;
  /** Code before the loop over the elements of one tensor. @default none */
  readonly before?: string;
  /** Code after the loop over the elements of one tensor, for reductions. @default none */
  readonly after?: string;
  /** Declarations at module level. @default none */
  readonly module?: string;
  /** Threads per workgroup. @default {@link WORKGROUP} */
  readonly workgroup?: number;
}

/** Default number of threads per workgroup. */
export const WORKGROUP = 256;

/** Returns the names of the arrays that one tensor binds. */
export function arraysOf(shader: StepShader): readonly string[] {
  return [...shader.written, ...shader.read];
}

/** Returns the length of one tensor's numbers in words of 4 bytes, padded to the 16 bytes that uniform arrays need. */
export function recordWords(shader: StepShader): number {
  return 4 * Math.ceil((3 + shader.numbers.length) / 4);
}

/** Returns the array that can be gathered, which is the last read-only array. */
export function gatherable({ read }: StepShader): string | undefined {
  return read.at(-1);
}

/** Returns the length of the common numbers in words of 4 bytes. */
export function sharedWords(shader: StepShader): number {
  return 4 * Math.max(1, Math.ceil(shader.shared.length / 4));
}

/**
 * Writes the shader for `slots` tensors in one dispatch.
 *
 * @param gathered whether the last read array of all tensors is in one buffer, from index `start` for each tensor.
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
