import type { ParamInfo } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Axes to reduce over for one number an output unit: all but the unit's own; all of them for vectors and scalars. */
export function withinUnit({ shape, unitAxes }: ParamInfo): number[] {
  return [...shape.keys()].filter((axis) => shape.length < 2 || !unitAxes.includes(axis));
}

/** L2 norm over `axes`, kept as axes of size 1. Divided by the largest magnitude first, as in `l2Norm`. */
export function normOver(tensor: tf.Tensor, axes: number[]): tf.Tensor {
  if (axes.length === 0) return tf.abs(tensor);
  const largest = tf.max(tf.abs(tensor), axes, true);
  const scale = tf.where(tf.greater(largest, 0), largest, tf.onesLike(largest));
  return tf.mul(scale, tf.sqrt(tf.sum(tf.square(tf.div(tensor, scale)), axes, true)));
}
