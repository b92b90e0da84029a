export { frozenBatchNorm } from "./frozen-batch-norm.ts";
export type { FrozenBatchNormOptions, NormalizeBy, Preset, Trains } from "./options.ts";
export { plugins } from "./plugin.ts";
