import { definePlugin, type PluginOf } from "@graftjs/core";
import type { WebGPUAdapter } from "./adapter.ts";
import { type WebGPUBackendOptions, webgpuOptions } from "./options.ts";

/** Describes the backend for a registry. `create` makes the adapter of one platform. */
export function webgpuPlugin(
  create: (options: WebGPUBackendOptions) => WebGPUAdapter,
): PluginOf<"backend", WebGPUBackendOptions> {
  return definePlugin({
    kind: "backend",
    name: "webgpu",
    description: "WebGPU, in the browser and in Node: trains on the GPU, with fused optimizer kernels.",
    options: webgpuOptions,
    create,
  });
}
