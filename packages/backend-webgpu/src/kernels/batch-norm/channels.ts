import type { StockInternals } from "../../device/internals.ts";
import { dispatchOnce } from "../dispatch/dispatch.ts";
import { WORKGROUP } from "../dispatch/wgsl.ts";

/** A buffer of a shader, with the name that the code uses for it. */
export interface Binding {
  readonly name: string;
  readonly buffer: GPUBuffer;
  /** @default false */
  readonly written?: boolean;
}

/** A kernel over a tensor of shape [..., channels]. */
export interface ChannelKernel {
  /** Identifies the shader in the cache of pipelines, together with the names of the bindings. */
  readonly key: string;
  readonly bindings: readonly Binding[];
  /** Code for element `i` of channel `c`. It adds to the variables named in `sums`, if there are any. */
  readonly element: string;
  /** Names of variables that are summed over each channel. @default none */
  readonly sums?: readonly string[];
  /** Code that stores the sums of channel `c`. */
  readonly store?: string;
  /** Elements of the tensor. */
  readonly size: number;
  readonly channels: number;
  /** Read by the code as `u.epsilon`. */
  readonly epsilon: number;
}

/** Records the kernel, with a thread for each element or, if it has sums, with a workgroup for each channel. */
export function runChannels(backend: StockInternals, kernel: ChannelKernel): void {
  const { key, bindings, size, channels, epsilon, sums = [] } = kernel;
  const groups = sums.length > 0 ? channels : Math.ceil(size / WORKGROUP);
  const names = bindings.map(({ name }) => name).join();
  dispatchOnce(
    backend,
    `${key}/${names}`,
    () => code(kernel),
    bindings.map(({ buffer }) => buffer),
    (floats, words) => {
      words.set([size, channels]);
      floats[2] = epsilon;
    },
    16,
    // WebGPU allows 65,535 workgroups per dimension. With more work than that, the threads loop.
    Math.min(groups, 65535),
  );
}

function code({ bindings, element, sums = [], store = "" }: ChannelKernel): string {
  const declared = bindings.map(
    ({ name, written }, i) =>
      `@group(0) @binding(${i}) var<storage, ${written ? "read_write" : "read"}> ${name}: array<f32>;`,
  );
  const head = `
struct Uniforms { size: u32, channels: u32, epsilon: f32, pad: f32 };
${declared.join("\n")}
@group(0) @binding(${bindings.length}) var<uniform> u: Uniforms;
${sums.map((name) => `var<workgroup> tile_${name}: array<f32, ${WORKGROUP}>;`).join("\n")}
@compute @workgroup_size(${WORKGROUP})
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {`;
  if (sums.length === 0) {
    return `${head}
  for (var i = id.x; i < u.size; i += groups.x * ${WORKGROUP}u) {
    let c = i % u.channels;
    ${element}
  }
}`;
  }
  return `${head}
  for (var c = group.x; c < u.channels; c += groups.x) {
    ${sums.map((name) => `var ${name} = 0.0;`).join(" ")}
    for (var i = local.x * u.channels + c; i < u.size; i += ${WORKGROUP}u * u.channels) {
      ${element}
    }
    ${sums.map((name) => `tile_${name}[local.x] = ${name};`).join(" ")}
    workgroupBarrier();
    for (var width = ${WORKGROUP / 2}u; width > 0u; width = width / 2u) {
      if (local.x < width) { ${sums.map((name) => `tile_${name}[local.x] += tile_${name}[local.x + width];`).join(" ")} }
      workgroupBarrier();
    }
    if (local.x == 0u) {
      ${sums.map((name) => `${name} = tile_${name}[0];`).join(" ")}
      ${store}
    }
    workgroupBarrier();
  }
}`;
}
