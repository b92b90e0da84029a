import { type CallableLayer, type LayerCall, onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Returns a `call` for a Softmax layer over another axis than the last, for which stock throws, or undefined for the last axis. */
export function softmaxOverAxis(layer: CallableLayer, previous: LayerCall): LayerCall | undefined {
  const { axis } = layer as unknown as { readonly axis: number | number[] };
  if (typeof axis !== "number") return undefined;
  return (inputs, kwargs) => {
    const x = onlyTensor(inputs);
    const at = axis < 0 ? axis + x.rank : axis;
    if (at === x.rank - 1 || kwargs?.mask != null) return previous(inputs, kwargs);
    return tf.tidy(() => {
      const order = x.shape.map((_, i) => (i === at ? x.rank - 1 : i === x.rank - 1 ? at : i));
      // The order swaps two axes, so it is its own inverse.
      return tf.transpose(tf.softmax(tf.transpose(x, order)), order);
    });
  };
}
