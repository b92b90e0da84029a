import { GraftError, type LayerLike, list } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import { onlyReader } from "../layers/layer-graph.ts";
import type { Chain } from "./find-chains.ts";

/** Follows values from the first layer of a chain to the last, and frees what nobody will read again. */
export interface ValueHandoff {
  /** `y` is finished but still has to pass the layers of `chain` after `layer`. Returns `y`. */
  send(y: tf.Tensor, layer: LayerLike, chain: Chain): tf.Tensor;
  /** Whether `x` is finished and passes `layer` unchanged. */
  passes(x: tf.Tensor, layer: LayerLike): boolean;
  /** Frees `x`, the input of `layer`, if one of our layers made it in this pass and nothing else reads it. */
  release(x: tf.Tensor, layer: LayerLike): void;
  /** @throws GraftError where the last value that entered `chain` never came out. */
  assertEmpty(chain: Chain): void;
}

export function valueHandoff(outputs: ReadonlySet<LayerLike>): ValueHandoff {
  const finished = new WeakMap<tf.Tensor, LayerLike>();
  const producers = new WeakMap<tf.Tensor, LayerLike>();
  const inside = new Set<Chain>();
  return {
    send(y, layer, chain) {
      producers.set(y, layer);
      const next = chain[chain.indexOf(layer as Chain[number]) + 1];
      if (next) finished.set(y, next);
      if (next) inside.add(chain);
      else inside.delete(chain);
      return y;
    },
    passes: (x, layer) => finished.get(x) === layer,
    release(x, layer) {
      const producer = producers.get(x);
      // What the backward pass needs, the tape holds by copies of its own.
      if (producer && onlyReader(producer, outputs) === layer) x.dispose();
    },
    assertEmpty(chain) {
      if (!inside.delete(chain)) return;
      throw new GraftError(
        `The block of ${list(chain.map(({ name }) => name))} was entered and not left: another model that ends within it was trained, or the step before was interrupted.`,
        'Apply frozen-bn to the model that you train, or with { blocks: "off" }. After an interrupted step, go on.',
      );
    },
  };
}
