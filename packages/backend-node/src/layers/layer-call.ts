import type { LayerLike } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";

/** The `call` method of a layer of tfjs-layers. */
export type LayerCall = (
  inputs: tf.Tensor | tf.Tensor[],
  kwargs: { readonly training?: boolean },
) => tf.Tensor | tf.Tensor[];

/** A layer of tfjs-layers whose `call` can be replaced. */
export interface CallableLayer extends LayerLike {
  call: LayerCall;
}

/** Returns the input of a layer that takes one tensor. */
export function onlyInput(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
  return Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs;
}

/**
 * Replaces `call` of one layer instance.
 *
 * @returns a function that takes the replacement back. If another patch has replaced `call` since, that patch stays.
 */
export function replaceCall(layer: CallableLayer, replacement: LayerCall): () => void {
  const stock = layer.call;
  let active = true;
  const call: LayerCall = (inputs, kwargs) => (active ? replacement : stock).call(layer, inputs, kwargs);
  layer.call = call;
  return () => {
    active = false;
    if (layer.call === call) delete (layer as Partial<CallableLayer>).call;
  };
}
