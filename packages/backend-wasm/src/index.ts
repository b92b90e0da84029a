export { type WasmBackendOptions, wasmBackend } from "./adapter.ts";
export { fusedLayers } from "./fused/layers.ts";
export {
  type BatchNormTrainingOptions,
  batchNormTraining,
  type ConvOptions,
  conv2dBiasActivation,
  dropout,
  type FusedActivation,
  gelu,
  layerNorm,
  softmaxCrossEntropy,
} from "./fused/ops.ts";
export { OutOfMemoryError } from "./memory.ts";
export { plugins } from "./plugin.ts";
export type { Registration } from "./registry/kernels.ts";
export { registerTrainingKernels, type TrainingKernelOptions } from "./training-kernels.ts";
export type { WasmPaths } from "./wasm-paths.ts";
