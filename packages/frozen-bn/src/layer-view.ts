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

/** `tf.layers.batchNormalization`, its fields as tfjs-layers 4 names them. `gamma` and `beta` are absent where switched off. */
export interface BatchNormLayer extends CallableLayer {
  readonly axis: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly gamma?: WritableWeight | null;
  readonly beta?: WritableWeight | null;
  readonly movingMean: WritableWeight;
  readonly movingVariance: WritableWeight;
}

/** By its class, or by its statistics: a subclass of the user's own counts too. */
export function isBatchNorm(layer: LayerLike): layer is BatchNormLayer {
  return layer.getClassName() === "BatchNormalization" || ("movingMean" in layer && "movingVariance" in layer);
}

export function onlyTensor(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
  return Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs;
}

/** The axis of the channels, counted from the front. */
export function channelAxis({ axis }: BatchNormLayer, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
