import { assertOptions, definePlugin, type OptionsSchema, optionsSchema, type PluginOf } from "@graftjs/core";
import type { WebGPUAdapter, WebGPUBackendOptions } from "./adapter.ts";

const options: OptionsSchema<WebGPUBackendOptions> = optionsSchema<WebGPUBackendOptions>({
  powerPreference: {
    enum: ["high-performance", "low-power"],
    default: "high-performance",
    description: "GPU to use if the machine has two",
  },
  minLimits: {
    type: "object",
    additionalProperties: { type: "number" },
    default: {},
    description: "Limits that the device must have at least. The adapter's highest limits are requested anyway",
  },
  features: {
    type: "array",
    items: { type: "string" },
    default: [],
    description: "Features that the device must have",
  },
  allowSoftware: {
    type: "boolean",
    default: false,
    description: "Accept an adapter that computes on the CPU (SwiftShader, llvmpipe), for tests",
  },
  dawnOptions: {
    type: "array",
    items: { type: "string" },
    default: [],
    description: "Node only: switches of Dawn, each `key=value`",
  },
});

/** Throws an OptionsError with every problem of `given`. */
export function assertWebGPUOptions(given: WebGPUBackendOptions): void {
  assertOptions("webgpu", options, given);
}

/** The registry's entry, around the factory of this platform. */
export function webgpuPlugin(
  create: (options: WebGPUBackendOptions) => WebGPUAdapter,
): PluginOf<"backend", WebGPUBackendOptions> {
  return definePlugin({
    kind: "backend",
    name: "webgpu",
    description: "WebGPU, in the browser and in Node: trains on the GPU, with fused optimizer kernels.",
    options,
    create,
  });
}
