import * as tf from "@tensorflow/tfjs-core";

/** Below it, 1/max overflows float32; a tensor that small has norm 0 or is divided by this instead. */
const SMALLEST = 1e-37;
/** Above it there is only ∞, and ∞/∞ would make a NaN of an infinite norm. */
const LARGEST = 3e38;

/**
 * ‖x‖₂ as a scalar, scaled by the largest magnitude first: the plain sum of squares overflows float32 at 1e20 and vanishes
 * at 1e-23, long before the norm does. NaN where there is one, else ∞ where there is one.
 */
export function scaledNorm(x: tf.Tensor): tf.Scalar {
  const largest = tf.clipByValue(tf.max(tf.abs(x)), SMALLEST, LARGEST);
  return tf.mul(largest, tf.sqrt(tf.sum(tf.square(tf.div(x, largest)))));
}

/** ‖x‖₂ of each tensor, [n]. */
export function norms(tensors: readonly tf.Tensor[]): tf.Tensor1D {
  return tf.stack(tensors.map(scaledNorm)) as tf.Tensor1D;
}
