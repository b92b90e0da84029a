import * as tf from "@tensorflow/tfjs-core";

/**
 * Computes x · kernel + bias over the last axis. The gradient of the kernel is computed only if it is asked for, unlike that of tfjs's
 * fused matMul.
 *
 * @param x [..., inputs]
 * @param kernel [inputs, outputs]
 * @param bias [outputs]; undefined for none
 * @returns [..., outputs]
 */
export function dense(x: tf.Tensor, kernel: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const [size, outputs] = kernel.shape as [number, number];
  const product = tf.matMul(tf.reshape(x, [-1, size]) as tf.Tensor2D, kernel as tf.Tensor2D);
  const y = bias ? tf.add(product, bias) : product;
  return tf.reshape(y, [...x.shape.slice(0, -1), outputs]);
}
