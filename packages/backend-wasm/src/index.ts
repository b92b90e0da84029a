export { type WasmBackendOptions, wasmBackend } from "./adapter.ts";
export { OutOfMemoryError } from "./memory.ts";
export { plugins } from "./plugin.ts";
export type { Registration } from "./registry/kernels.ts";
export { registerTrainingKernels, type TrainingKernelOptions } from "./training-kernels.ts";
export type { WasmPaths } from "./wasm-paths.ts";
