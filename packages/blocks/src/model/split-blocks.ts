import type { Param } from "@graftjs/core";
import type { ModelAdapter } from "@graftjs/tuner";
import type * as tf from "@tensorflow/tfjs-core";
import { isStatistic } from "./block-layer.ts";
import type { LayeredBlock } from "./block-layers.ts";

/** Changes made by patches: layers with added parameters, with frozen statistics, and with an equivalent `call`. */
export type Changes = Parameters<ModelAdapter["cut"]>[1];

/** The end of the trunk. */
export interface BlockSplit {
  /** Number of blocks in the trunk: the longest prefix whose output cannot change while the model trains. */
  readonly blocks: number;
  /** The block after the trunk with the reason; undefined if all blocks are trunk. */
  readonly stop: { readonly path: string; readonly why: string } | undefined;
}

/** Finds the end of the trunk for the training of `trained`. */
export function splitBlocks(blocks: readonly LayeredBlock[], trained: readonly Param[], changes: Changes): BlockSplit {
  const variables = new Set<tf.Tensor>(trained.map(({ variable }) => variable));
  for (const [index, layered] of blocks.entries()) {
    const stop = reasonToStop(layered, variables, changes);
    if (stop) return { blocks: index, stop };
  }
  return { blocks: blocks.length, stop: undefined };
}

function reasonToStop(
  { block, layers }: LayeredBlock,
  trained: ReadonlySet<tf.Tensor>,
  { adapted, held, pure }: Changes,
): BlockSplit["stop"] {
  for (const layer of layers.values()) {
    const { name: path, weights } = layer;
    if (adapted.has(path) || weights.some((weight) => trained.has(weight.read()))) return { path, why: "trained" };
    if (held.has(path)) continue;
    if (weights.some(({ originalName }) => isStatistic(originalName)))
      return { path, why: "its statistics move in training" };
    if (Object.hasOwn(layer, "call") && !pure.has(path)) return { path, why: "its call was replaced" };
  }
  return block.random ? { path: block.name, why: "it uses random numbers" } : undefined;
}
