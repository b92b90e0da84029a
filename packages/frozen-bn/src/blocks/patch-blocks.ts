import type { LayerLike, LayersLike } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { BatchNormLayer } from "../layers/batch-norm-layer.ts";
import { type CallableLayer, type LayerCall, onlyTensor } from "../layers/callable-layer.ts";
import { onlyReader, outputLayers } from "../layers/layer-graph.ts";
import { overrideCall } from "../layers/override-call.ts";
import type { IsTrained } from "../layers/trained-weights.ts";
import { walkLayers } from "../layers/walk-layers.ts";
import { blockOf, type Chain, findChains } from "./find-chains.ts";
import { foldedKernel } from "./folded-kernel.ts";
import { identity } from "./release-gradients.ts";
import { runBlock } from "./run-block.ts";
import { type TrainedBlock, trainedBlock } from "./trained-block.ts";
import { type ValueHandoff, valueHandoff } from "./value-handoff.ts";
import { isZeroPadding, zeroPad } from "./zero-padding.ts";

export interface PatchedBlocks {
  readonly chains: readonly Chain[];
  /** Layers whose `call` was replaced, batch norm among them. */
  readonly replaced: readonly LayerLike[];
  restore(): void;
}

export interface PatchBlocksOptions {
  /** The batch norm layers to take into blocks. */
  readonly norms: readonly BatchNormLayer[];
  /** Whether the statistics of a batch norm are held at this moment. */
  readonly isHeld: (norm: LayerLike) => boolean;
  readonly isTrained: IsTrained;
  /** Whether a frozen batch norm goes into the kernel before it. */
  readonly fold: boolean;
}

/**
 * Makes layers cheap while a gradient is recorded: a linear layer, the batch norm after it and the activation after that run as
 * one block when the first is called; the others let its value pass.
 *
 * Outside a gradient every layer computes what it always does: a model cut within a block (a cached trunk, a feature
 * extractor) still gets what it asked for.
 */
export function patchBlocks(model: LayersLike, { norms, isHeld, isTrained, fold }: PatchBlocksOptions): PatchedBlocks {
  const layers = walkLayers(model).map(({ layer }) => layer);
  const outputs = outputLayers(model);
  const held = new Set<LayerLike>(norms);
  const chains = findChains(layers, held, outputs);
  const flow = valueHandoff(outputs);
  const whole = (chain: Chain): boolean =>
    chain.every((layer, i) => i === chain.length - 1 || onlyReader(layer, outputs) === chain[i + 1]) &&
    chain.every((layer) => !held.has(layer) || isHeld(layer));
  const undo: (() => void)[] = [];
  const replaced: LayerLike[] = [];
  const replace = (layer: CallableLayer, make: (former: LayerCall) => LayerCall): void => {
    undo.push(overrideCall(layer, make));
    replaced.push(layer);
  };
  for (const chain of chains) {
    for (const [i, layer] of chain.entries()) {
      const [full, single] = [chain.slice(i), [layer]].map((part) => blockOf(part, held));
      const { linear, norm } = full as Exclude<typeof full, undefined>;
      const folded = fold && linear && norm ? foldedKernel(linear, norm) : undefined;
      if (folded) undo.push(() => folded.drop());
      replace(layer, (former) => (inputs, kwargs) => {
        if (!recording()) return former(inputs, kwargs);
        const x = onlyTensor(inputs);
        if (flow.passes(x, layer)) return leave(x, identity(x), layer, chain, flow);
        if (i === 0) flow.assertEmpty(chain);
        const tuned = linear !== undefined && isTrained(linear.kernel);
        if (tuned) folded?.drop();
        if (held.has(layer) && !isHeld(layer)) return former(inputs, kwargs);
        const together = whole(chain.slice(i));
        if (tuned && !(together && norm)) return former(inputs, kwargs);
        const block = (together ? full : single) as Exclude<typeof full, undefined>;
        const y = tf.tidy(() =>
          tuned ? trainedBlock(x, block as TrainedBlock, isTrained) : runBlock(x, block, folded, isTrained),
        );
        return leave(x, y, layer, together ? chain : [layer], flow);
      });
    }
  }
  for (const layer of layers.filter(isZeroPadding)) {
    replace(layer, (former) => (inputs, kwargs) => {
      if (!recording()) return former(inputs, kwargs);
      const x = onlyTensor(inputs);
      return leave(x, zeroPad(x, layer), layer, [layer], flow);
    });
  }
  return {
    chains,
    replaced,
    restore: () => {
      for (const step of undo.splice(0).reverse()) step();
    },
  };
}

function leave(x: tf.Tensor, y: tf.Tensor, layer: LayerLike, chain: Chain, flow: ValueHandoff): tf.Tensor {
  flow.release(x, layer);
  // A finish with nothing to do returns its input, which `apply` would copy under a name we do not know.
  return flow.send(y === x ? identity(y) : y, layer, chain);
}

function recording(): boolean {
  return tf.engine().state.gradientDepth > 0;
}
