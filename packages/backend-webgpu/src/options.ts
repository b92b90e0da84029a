import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { DeviceOptions } from "./device/open.ts";

/** Options of `webgpuBackend`. */
export interface WebGPUBackendOptions extends DeviceOptions {
  /**
   * Node only: switches of Dawn as `"key=value"`, e.g. `"adapter=SwiftShader"`. Only those of the first session in a process
   * have an effect. @default []
   */
  readonly dawnOptions?: readonly string[];
}

/** Options with a default. */
type Defaulted = "powerPreference" | "minLimits" | "features" | "allowSoftware" | "dawnOptions";

/** Schema of `webgpuBackend`'s options, for recipes and for the check at construction. */
export const webgpuOptions: OptionsSchema<WebGPUBackendOptions, Defaulted> = optionsSchema<
  WebGPUBackendOptions,
  Defaulted
>({
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
