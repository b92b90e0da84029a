import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { WasmBackendOptions } from "./adapter.ts";
import type { TrainingKernelOptions } from "./training-kernels.ts";

/** Schema of `wasmBackend`'s options, for recipes and for the check at construction. */
export const wasmOptions: OptionsSchema<WasmBackendOptions> = optionsSchema<WasmBackendOptions>({
  wasmPaths: {
    anyOf: [{ type: "string" }, { type: "object", additionalProperties: { type: "string" } }],
    description:
      "Folder or URL of the .wasm files of `@tensorflow/tfjs-backend-wasm`, or a path for each file. Default: in Node the installed peer; in a browser the folder of the page if it serves the files, else jsDelivr",
  },
  threads: {
    anyOf: [{ type: "integer", minimum: 1, maximum: 64 }, { enum: ["auto"] }],
    default: 1,
    description: "Threads that compute. `auto` means one per core, at most 8",
  },
});

/** Schema of `registerTrainingKernels`'s options. */
export const trainingKernelOptions: OptionsSchema<TrainingKernelOptions> = optionsSchema<TrainingKernelOptions>({
  kernels: { enum: ["auto", "simd", "composed"], default: "auto", description: "own SIMD kernels, or composed ones" },
});
