export { type WasmBackendOptions, wasmBackend } from "./adapter.ts";
export { fusedLayers } from "./layers/fused-layers.ts";
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
} from "./ops/ops.ts";
export { OutOfMemoryError } from "./memory/guard.ts";
export { plugins } from "./plugins.ts";
export type { Registration } from "./tfjs-registry/kernels.ts";
export { registerTrainingKernels, type TrainingKernelOptions } from "./training-kernels.ts";
export type { WasmPaths } from "./stock-backend/wasm-paths.ts";
