import { definePlugin, type Plugin } from "@graftjs/core";
import { frozenBatchNorm } from "./frozen-batch-norm.ts";
import { frozenBatchNormOptions } from "./options.ts";

/** For `createRegistry`: the patch `frozen-bn`. */
export const plugins: readonly Plugin[] = [
  definePlugin({
    kind: "patch",
    name: "frozen-bn",
    description: "Batch norm held at its pretrained statistics",
    options: frozenBatchNormOptions,
    create: frozenBatchNorm,
  }),
];
