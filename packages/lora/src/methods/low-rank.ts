import * as tf from "@tensorflow/tfjs-core";
import { overLastAxis, product } from "../layers/linear.ts";
import type { Target } from "../targets/target.ts";

/** Computes L(x, ΔK) without computing ΔK: the layer's map to `a.outputs` channels, then b. */
export function lowRankProduct(target: Target, x: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return overLastAxis(product(target, x, a), b);
}

/**
 * Computes ΔK = a·b, with the shape of the kernel. `a` has the shape of the kernel with r instead of its outputs; `b` is
 * [r, outputs]. It is Keras's layout.
 */
export function lowRankKernel({ kind, weight }: Target, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  if (kind !== "transposed") return tf.reshape(overLastAxis(a, b), [...weight.shape]);
  // The outputs of a transposed kernel are the axis before the last.
  const order = [...a.shape.keys()];
  const swapped = [...order.slice(0, -2), order.length - 1, order.length - 2];
  return tf.transpose(overLastAxis(tf.transpose(a, swapped), b), swapped);
}
