import type { LayerLike } from "@graftjs/core";
import type { CallableLayer, WritableWeight } from "./callable-layer.ts";

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

/** The axis of the channels, counted from the front. */
export function channelAxis({ axis }: BatchNormLayer, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

export function reductionAxes(rank: number, axis: number): number[] {
  return Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis);
}
