import type { ParamInfo } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Returns the axes to reduce for one number per output unit. For vectors and scalars these are all axes. */
export function withinUnit({ shape, unitAxes }: ParamInfo): number[] {
  return [...shape.keys()].filter((axis) => shape.length < 2 || !unitAxes.includes(axis));
}

/** Computes the L2 norm over `axes`, which stay as axes of size 1. It divides by the largest magnitude first, like `l2Norm`. */
export function normOver(tensor: tf.Tensor, axes: number[]): tf.Tensor {
  if (axes.length === 0) return tf.abs(tensor);
  const largest = tf.max(tf.abs(tensor), axes, true);
  const scale = tf.where(tf.greater(largest, 0), largest, tf.onesLike(largest));
  return tf.mul(scale, tf.sqrt(tf.sum(tf.square(tf.div(tensor, scale)), axes, true)));
}
