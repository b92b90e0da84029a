import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import type { WasmPaths } from "./stock-backend/wasm-paths.ts";

/** Options of `wasmBackend`. */
export interface WasmBackendOptions {
  /**
   * Location of the `.wasm` files of `@tensorflow/tfjs-backend-wasm`.
   * @default In Node, the installed peer. In a browser, the page's folder if it serves them, else jsDelivr in the peer's version.
   */
  readonly wasmPaths?: WasmPaths;
  /**
   * Number of threads that compute, 1 to 64. "auto" is one per core, 8 at most. Large operations are divided among the
   * threads, small ones stay on the calling thread; the results are the same to the bit. In a browser the page must be
   * cross-origin isolated. If threads cannot be used, one warning says why, and one thread computes.
   * @default 1
   */
  readonly threads?: number | "auto";
}

/** Options of `registerTrainingKernels`. */
export interface TrainingKernelOptions {
  /**
   * `simd`: our SIMD kernels. `composed`: missing kernels composed of stock kernels, which is slow; for engines without SIMD.
   * @default "auto": simd if the engine supports it, else composed with one warning.
   */
  readonly kernels?: "auto" | "simd" | "composed";
}

/** Schema of `wasmBackend`'s options, for recipes and for the check when an adapter is created. */
export const wasmOptions: OptionsSchema<WasmBackendOptions, "threads"> = optionsSchema<WasmBackendOptions, "threads">({
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
export const trainingKernelOptions: OptionsSchema<TrainingKernelOptions, "kernels"> = optionsSchema<
  TrainingKernelOptions,
  "kernels"
>({
  kernels: {
    enum: ["auto", "simd", "composed"],
    default: "auto",
    description: "SIMD kernels, or kernels composed of stock ones",
  },
});
