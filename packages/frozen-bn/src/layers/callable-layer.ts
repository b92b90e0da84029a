import type { LayerLike, WeightLike } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";

/** A tfjs-layers weight that can be written. */
export interface WritableWeight extends WeightLike {
  trainable: boolean;
  read(): tf.Variable;
  write(value: tf.Tensor): unknown;
}

export type LayerCall = (inputs: tf.Tensor | tf.Tensor[], kwargs: CallOptions) => tf.Tensor | tf.Tensor[];

/** What `model.fit` and `model.predict` hand every layer. */
export interface CallOptions {
  readonly training?: boolean;
  readonly [name: string]: unknown;
}

/** A tfjs-layers layer as the patches of this package see it: they replace `call` on the instance. */
export interface CallableLayer extends LayerLike {
  call: LayerCall;
}

export function onlyTensor(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
  return Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs;
}
