import { assertOptions, definePlugin, type OptionsSchema, optionsSchema, type PluginOf } from "@graftjs/core";
import type { WebGPUAdapter, WebGPUBackendOptions } from "./adapter.ts";

const options: OptionsSchema<WebGPUBackendOptions> = optionsSchema<WebGPUBackendOptions>({
  powerPreference: {
    enum: ["high-performance", "low-power"],
    default: "high-performance",
    description: "Which GPU of a machine with two",
  },
  minLimits: {
    type: "object",
    additionalProperties: { type: "number" },
    default: {},
    description: "Least limits the device must have",
  },
  features: { type: "array", items: { type: "string" }, default: [], description: "Features the device must have" },
  allowSoftware: {
    type: "boolean",
    default: false,
    description: "Take an adapter that computes on the CPU, for tests",
  },
  dawnOptions: { type: "array", items: { type: "string" }, default: [], description: "Switches of Dawn, in Node" },
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
