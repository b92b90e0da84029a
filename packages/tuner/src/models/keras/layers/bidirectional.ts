import { onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { type Args, stockClass } from "./base.ts";

type Output = tf.Tensor | tf.Tensor[];
type BidirectionalClass = new (args: Args) => tfl.layers.Layer & { getConfig(): tf.serialization.ConfigDict };

/** Creates the class lazily, because tfjs-layers does not export the one that it extends. */
export function bidirectionalClass(): tf.serialization.SerializableConstructor<tf.serialization.Serializable> {
  /** `Bidirectional` that returns the whole series. As in Keras, its outputs behind a mask are 0; tfjs-layers repeats the last ones. */
  class KerasBidirectional extends stockClass<BidirectionalClass>("Bidirectional") {
    static readonly className = "KerasBidirectional";

    override call(inputs: Output, kwargs: { mask?: Output | null }): Output {
      return tf.tidy(() => {
        const made = super.call(inputs, kwargs);
        const mask = kwargs.mask;
        if (!mask) return made;
        const [series, ...more] = Array.isArray(made) ? made : [made];
        const kept = tf.expandDims(tf.cast(onlyTensor(mask), "float32"), -1);
        const zeroed = tf.mul(series as tf.Tensor, kept);
        return more.length > 0 ? [zeroed, ...more] : zeroed;
      });
    }
  }
  return KerasBidirectional as never;
}
