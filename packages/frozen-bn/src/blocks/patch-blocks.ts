import {
  type CallableLayer,
  type LayerCall,
  type LayerLike,
  type LayersLike,
  onlyTensor,
  walkLayers,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { BatchNormLayer } from "../layers/batch-norm-layer.ts";
import { onlyReader, outputLayers } from "../layers/layer-graph.ts";
import { overrideOwnCall } from "../layers/own-calls.ts";
import type { IsTrained } from "../layers/trained-weights.ts";
import { blockOf, type Chain, findChains } from "./find-chains.ts";
import { foldedKernel } from "./folded-kernel.ts";
import { identity } from "./release-gradients.ts";
import { runBlock } from "./run-block.ts";
import { type TrainedBlock, trainedBlock } from "./trained-block.ts";
import { type ValueHandoff, valueHandoff } from "./value-handoff.ts";
import { isZeroPadding, zeroPad } from "./zero-padding.ts";

/** The result of {@link patchBlocks}. */
export interface PatchedBlocks {
  /** Layers whose `call` was replaced, including batch norm layers. */
  readonly replaced: readonly LayerLike[];
  restore(): void;
}

/** Options of {@link patchBlocks}. */
export interface PatchBlocksOptions {
  /** The batch norm layers that may be part of a block. */
  readonly norms: readonly BatchNormLayer[];
  /** Tells whether the statistics of a batch norm are frozen at this moment. */
  readonly hasFrozenStatistics: (norm: LayerLike) => boolean;
  readonly isTrained: IsTrained;
  /** Whether to fold a frozen batch norm into the kernel before it. */
  readonly fold: boolean;
}

/**
 * Makes layers cheaper while a gradient is recorded. A linear layer, the batch norm after it and the activation after that
 * become one block. The first layer of a block computes the whole block, and the others pass its value on.
 *
 * If no gradient is recorded, every layer computes as before. So a model that ends inside a block still gets the
 * right values, for example a cached trunk or a feature extractor.
 */
export function patchBlocks(
  model: LayersLike,
  { norms, hasFrozenStatistics, isTrained, fold }: PatchBlocksOptions,
): PatchedBlocks {
  const layers = walkLayers(model).map(({ layer }) => layer);
  const outputs = outputLayers(model);
  const normSet = new Set<LayerLike>(norms);
  const handoff = valueHandoff(outputs);
  const undo: (() => void)[] = [];
  const replaced: LayerLike[] = [];
  const replace = (layer: CallableLayer, make: (previous: LayerCall) => LayerCall): void => {
    undo.push(overrideOwnCall(layer, make));
    replaced.push(layer);
  };
  /** Tells whether the block can run as a whole: no other layer reads in between, and its batch norms are frozen. */
  const isWhole = (chain: Chain): boolean =>
    chain.every((layer, i) => i === chain.length - 1 || onlyReader(layer, outputs) === chain[i + 1]) &&
    chain.every((layer) => !normSet.has(layer) || hasFrozenStatistics(layer));
  for (const chain of findChains(layers, normSet, outputs)) {
    for (const [i, layer] of chain.entries()) {
      const rest = chain.slice(i);
      const [full, single] = [blockOf(rest, normSet), blockOf([layer], normSet)];
      const { linear, norm } = full;
      const folded = fold && linear && norm ? foldedKernel(linear, norm) : undefined;
      if (folded) undo.push(() => folded.drop());
      replace(layer, (previous) => (inputs, kwargs) => {
        if (!isRecording()) return previous(inputs, kwargs);
        const x = onlyTensor(inputs);
        if (handoff.passes(x, layer)) return handOver(x, identity(x), layer, chain, handoff);
        if (i === 0) handoff.assertEmpty(chain);
        const kernelTrains = linear !== undefined && isTrained(linear.kernel);
        if (kernelTrains) folded?.drop();
        if (normSet.has(layer) && !hasFrozenStatistics(layer)) return previous(inputs, kwargs);
        const whole = isWhole(rest);
        if (kernelTrains && !(whole && norm)) return previous(inputs, kwargs);
        const block = whole ? full : single;
        const y = tf.tidy(() =>
          kernelTrains ? trainedBlock(x, block as TrainedBlock, isTrained) : runBlock(x, block, folded, isTrained),
        );
        return handOver(x, y, layer, whole ? chain : [layer], handoff);
      });
    }
  }
  for (const layer of layers.filter(isZeroPadding)) {
    replace(layer, (previous) => (inputs, kwargs) => {
      if (!isRecording()) return previous(inputs, kwargs);
      const x = onlyTensor(inputs);
      return handOver(x, zeroPad(x, layer), layer, [layer], handoff);
    });
  }
  return {
    replaced,
    restore: () => {
      for (const step of undo.splice(0).reverse()) step();
    },
  };
}

/** Frees the input of `layer` if possible, and records its output `y`. */
function handOver(x: tf.Tensor, y: tf.Tensor, layer: LayerLike, chain: Chain, handoff: ValueHandoff): tf.Tensor {
  handoff.release(x, layer);
  // If y is x, tfjs-layers would copy it, and we would not recognize the copy. So we copy it here.
  return handoff.send(y === x ? identity(y) : y, layer, chain);
}

function isRecording(): boolean {
  return tf.engine().state.gradientDepth > 0;
}
