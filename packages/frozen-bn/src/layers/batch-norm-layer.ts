import type { CallableLayer, LayerLike } from "@graftjs/core";
import type { WritableWeight } from "./writable-weight.ts";

/** `tf.layers.batchNormalization` with the field names of tfjs-layers 4. */
export interface BatchNormLayer extends CallableLayer {
  readonly axis: number;
  readonly momentum: number;
  readonly epsilon: number;
  /** Absent if the layer was created with `scale: false`. */
  readonly gamma?: WritableWeight | null;
  /** Absent if the layer was created with `center: false`. */
  readonly beta?: WritableWeight | null;
  readonly movingMean: WritableWeight;
  readonly movingVariance: WritableWeight;
}

/** Tells whether a layer is a batch norm, by its class or by its statistics. So it also finds subclasses. */
export function isBatchNorm(layer: LayerLike): layer is BatchNormLayer {
  return layer.getClassName() === "BatchNormalization" || ("movingMean" in layer && "movingVariance" in layer);
}

/** Returns the axis of the channels, counted from the front. */
export function channelAxis({ axis }: BatchNormLayer, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Returns all axes except `axis`. */
export function reductionAxes(rank: number, axis: number): number[] {
  return Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis);
}
