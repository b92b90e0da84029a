import { definePlugin, type Plugin } from "@graftjs/core";
import { foldBatchNorm, foldBatchNormOptions } from "./fold-batch-norm.ts";
import { frozenBatchNorm } from "./frozen-batch-norm.ts";
import { frozenBatchNormOptions } from "./frozen-batch-norm-options.ts";

/** The patches `frozen-bn` and `fold-bn`, for `createRegistry`. */
export const plugins: readonly Plugin[] = [
  definePlugin({
    kind: "patch",
    name: "frozen-bn",
    description: "Freezes batch norm at its pretrained statistics",
    options: frozenBatchNormOptions,
    create: frozenBatchNorm,
  }),
  definePlugin({
    kind: "patch",
    name: "fold-bn",
    description: "Folds batch norm into the layer before it, for inference",
    options: foldBatchNormOptions,
    create: foldBatchNorm,
  }),
];
