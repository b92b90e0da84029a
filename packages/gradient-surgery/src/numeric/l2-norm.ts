import * as tf from "@tensorflow/tfjs-core";

/**
 * √Σ‖t‖² over all tensors, a scalar on the device. Divided by the largest magnitude before squaring, since a float32
 * square overflows from 2e19 on and vanishes below 1e-23. NaN where there is one, else ∞ where there is one.
 */
export function l2Norm(tensors: readonly tf.Tensor[]): tf.Scalar {
  const largest = tf.max(tf.stack(tensors.map((t) => tf.max(tf.abs(t)))));
  // Above 3e38 there is only ∞, and ∞/∞ would make a NaN of an infinite norm.
  const scale = tf.where(tf.greater(largest, 0), tf.minimum(largest, 3e38), tf.onesLike(largest));
  // One tidy a tensor: the quotients never stand beside each other.
  const squares = tensors.map((t) => tf.tidy(() => tf.sum(tf.square(tf.div(t, scale)))));
  return tf.mul(scale, tf.sqrt(tf.addN(squares))) as tf.Scalar;
}
