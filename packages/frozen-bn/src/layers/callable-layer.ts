import type { LayerLike, WeightLike } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";

/** A weight of tfjs-layers that can be written. */
export interface WritableWeight extends WeightLike {
  trainable: boolean;
  read(): tf.Variable;
  write(value: tf.Tensor): unknown;
}

/** The `call` function of a tfjs-layers layer. */
export type LayerCall = (inputs: tf.Tensor | tf.Tensor[], kwargs: CallOptions) => tf.Tensor | tf.Tensor[];

/** The options that `model.fit` and `model.predict` pass to every layer. */
export interface CallOptions {
  readonly training?: boolean;
  readonly [name: string]: unknown;
}

/** A tfjs-layers layer whose `call` the patches of this package replace. */
export interface CallableLayer extends LayerLike {
  call: LayerCall;
}

/** Returns the input of a layer that takes one tensor. tfjs-layers passes it alone or in an array. */
export function onlyTensor(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
  return Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs;
}
