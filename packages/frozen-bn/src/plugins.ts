import { definePlugin, type Plugin } from "@graftjs/core";
import { foldBatchNorm, foldBatchNormOptions } from "./fold-batch-norm.ts";
import { frozenBatchNorm } from "./frozen-batch-norm.ts";
import { frozenBatchNormOptions } from "./frozen-batch-norm-options.ts";

/** For `createRegistry`: the patches `frozen-bn` and `fold-bn`. */
export const plugins: readonly Plugin[] = [
  definePlugin({
    kind: "patch",
    name: "frozen-bn",
    description: "Batch norm held at its pretrained statistics",
    options: frozenBatchNormOptions,
    create: frozenBatchNorm,
  }),
  definePlugin({
    kind: "patch",
    name: "fold-bn",
    description: "Batch norm folded into the layer before it, for inference",
    options: foldBatchNormOptions,
    create: foldBatchNorm,
  }),
];
