import type * as tf from "@tensorflow/tfjs-core";
import type { LayerLike } from "../params/layers-like.ts";

/** The options that `model.fit` and `model.predict` pass to every layer. */
export interface CallOptions {
  /** Whether the layer trains: dropout and batch norm then compute differently. @default false */
  readonly training?: boolean;
  readonly [name: string]: unknown;
}

/** The `call` function of a layer of tfjs-layers. */
export type LayerCall = (inputs: tf.Tensor | tf.Tensor[], kwargs: CallOptions) => tf.Tensor | tf.Tensor[];

/** A layer of tfjs-layers whose `call` a patch may replace. */
export interface CallableLayer extends LayerLike {
  call: LayerCall;
}

/**
 * Replaces `call` of one layer instance.
 *
 * @param replace receives the previous `call`, bound to the layer, and returns the new one.
 * @returns an undo function. If another patch has replaced `call` since, the undo keeps that patch and only removes ours
 *   from the chain.
 */
export function overrideCall(layer: CallableLayer, replace: (previous: LayerCall) => LayerCall): () => void {
  const ownProperty = Object.getOwnPropertyDescriptor(layer, "call");
  const previous: LayerCall = layer.call.bind(layer);
  const replacement = replace(previous);
  let active = true;
  const call: LayerCall = (inputs, kwargs) => (active ? replacement : previous)(inputs, kwargs);
  layer.call = call;
  return () => {
    active = false;
    if (layer.call !== call) return;
    if (ownProperty) Object.defineProperty(layer, "call", ownProperty);
    else delete (layer as Partial<CallableLayer>).call;
  };
}

/** Returns the input of a layer that takes one tensor. tfjs-layers passes it alone or in an array. */
export function onlyTensor(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
  return Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs;
}
