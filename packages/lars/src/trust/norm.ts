import * as tf from "@tensorflow/tfjs-core";

/** Below this, 1/max overflows float32. Tensors with smaller values are divided by this. */
const SMALLEST = 1e-37;
/** The only larger value is ∞. Dividing by it would turn an infinite norm into NaN. */
const LARGEST = 3e38;

/**
 * Computes ‖x‖₂ as a scalar. It divides by the largest magnitude first, because the sum of squares overflows float32 from
 * 1e20 on and becomes 0 below 1e-23. Returns NaN if x contains NaN, and ∞ if x contains ∞.
 */
export function scaledNorm(x: tf.Tensor): tf.Scalar {
  const largest = tf.clipByValue(tf.max(tf.abs(x)), SMALLEST, LARGEST);
  return tf.mul(largest, tf.sqrt(tf.sum(tf.square(tf.div(x, largest)))));
}

/** Computes ‖x‖₂ of each tensor. Shape [n]. */
export function norms(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  return tf.stack(tensors.map(scaledNorm)) as tf.Tensor1D;
}
