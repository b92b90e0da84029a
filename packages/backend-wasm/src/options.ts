import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { WasmBackendOptions } from "./adapter.ts";
import type { TrainingKernelOptions } from "./training-kernels.ts";

/** Schema of `wasmBackend`'s options, for recipes and for the check at construction. */
export const wasmOptions: OptionsSchema<WasmBackendOptions> = optionsSchema<WasmBackendOptions>({
  wasmPaths: {
    anyOf: [{ type: "string" }, { type: "object", additionalProperties: { type: "string" } }],
    description: "folder or URL of tfjs's .wasm files, or one path for each",
  },
  threads: {
    anyOf: [{ type: "integer", minimum: 1, maximum: 64 }, { enum: ["auto"] }],
    default: 1,
    description: "threads that compute; auto: one for each core, 8 at most",
  },
});

/** Schema of `registerTrainingKernels`'s options. */
export const trainingKernelOptions: OptionsSchema<TrainingKernelOptions> = optionsSchema<TrainingKernelOptions>({
  kernels: { enum: ["auto", "simd", "composed"], default: "auto", description: "own SIMD kernels, or composed ones" },
});
