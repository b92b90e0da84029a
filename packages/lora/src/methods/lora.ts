import type { Random } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Target } from "../targets/target.ts";
import type { Change, LinearWeights } from "./change.ts";
import { type LowRankParts, type LowRankSettings, lowRankParts } from "./low-rank-parts.ts";

/** The change of a low-rank adapter. */
export interface LowRankChange extends Change, Omit<LowRankParts, "params" | "constants" | "kernel" | "outputs"> {}

/**
 * Adds the low-rank product s·a·b to a kernel (Hu et al. 2021, arXiv 2106.09685, eq. 3): y = x·W + s·(x·a)·b. Its parameters are
 * `a`, with the shape of the kernel and `rank` instead of its outputs, and `b` [rank, outputs].
 */
export function loraChange(target: Target, settings: LowRankSettings, random: Random): LowRankChange {
  const parts = lowRankParts(target, settings, random);
  return Object.assign(parts, {
    product: (x: tf.Tensor, z: tf.Tensor, _: tf.Tensor, training: boolean) => tf.add(z, parts.outputs(x, training)),
    merge: ({ kernel, bias }: LinearWeights) => ({ kernel: tf.add(kernel, parts.kernel()), bias }),
  });
}
