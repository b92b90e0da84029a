import { formatNames, GraftError, type LayerLike } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import { onlyReader } from "../layers/layer-graph.ts";
import type { Chain } from "./find-chains.ts";

/** Follows values from the first layer of a chain to the last. Frees values that no other layer reads. */
export interface ValueHandoff {
  /** Records that `layer` computed the value `y` of its chain. The later layers of the chain must pass it on. Returns `y`. */
  send(y: tf.Tensor, layer: LayerLike, chain: Chain): tf.Tensor;
  /** Tells whether `x` is already the value of the whole chain, so that `layer` must pass it on unchanged. */
  passes(x: tf.Tensor, layer: LayerLike): boolean;
  /** Frees `x`, the input of `layer`, if a patched layer made it in this pass and no other layer reads it. */
  release(x: tf.Tensor, layer: LayerLike): void;
  /** @throws GraftError if the last value that entered `chain` has not reached its end. */
  assertEmpty(chain: Chain): void;
}

/**
 * Creates the record of the values in the chains of one model.
 *
 * @param outputs the layers of `outputLayers(model)`.
 */
export function valueHandoff(outputs: ReadonlySet<LayerLike>): ValueHandoff {
  const finished = new WeakMap<tf.Tensor, LayerLike>();
  const producers = new WeakMap<tf.Tensor, LayerLike>();
  const entered = new Set<Chain>();
  return {
    send(y, layer, chain) {
      producers.set(y, layer);
      const next = chain[chain.indexOf(layer as Chain[number]) + 1];
      if (next) finished.set(y, next);
      if (next) entered.add(chain);
      else entered.delete(chain);
      return y;
    },
    passes: (x, layer) => finished.get(x) === layer,
    release(x, layer) {
      const producer = producers.get(x);
      // Gradient recording holds its own copies of the tensors that the backward pass needs.
      if (producer && onlyReader(producer, outputs) === layer) x.dispose();
    },
    assertEmpty(chain) {
      if (!entered.delete(chain)) return;
      throw new GraftError(
        `A value entered the block of ${formatNames(chain.map(({ name }) => name))} and did not leave it. Either a model that ends inside the block was trained, or the previous step was interrupted.`,
        'Apply frozen-bn to the model that you train, or use { blocks: "off" }. After an interrupted step, call the step again.',
      );
    },
  };
}
