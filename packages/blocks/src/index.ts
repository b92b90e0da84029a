// Models as lists of blocks.

export type { Block, Scope } from "./model/block.ts";
export { type BlockModel, type BlockModelOptions, blockModel, type PortShape } from "./model/block-model.ts";

// Ops of transformers, on every backend.

export { type AttentionOptions, attention } from "./ops/attention.ts";
export { type GeluOptions, gelu } from "./ops/gelu.ts";
export { layerNorm } from "./ops/layer-norm.ts";
