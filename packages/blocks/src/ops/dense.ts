import * as tf from "@tensorflow/tfjs-core";

/**
 * Computes x · kernel + bias over the last axis. The gradient of the kernel is computed only if it is asked for, unlike that of tfjs's
 * fused matMul.
 *
 * If kernel and bias are variables with `trainable: false`, they have no gradient, and nothing is kept for the gradient of x.
 *
 * @param x [..., inputs]
 * @param kernel [inputs, outputs]
 * @param bias [outputs]; undefined for none
 * @returns [..., outputs]
 */
export function dense(x: tf.Tensor, kernel: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const [size, outputs] = kernel.shape as [number, number];
  const rows = tf.reshape(x, [-1, size]) as tf.Tensor2D;
  const product = isFrozen(kernel) && (!bias || isFrozen(bias)) ? frozen : trained;
  return tf.reshape(product(rows, kernel as tf.Tensor2D, bias), [...x.shape.slice(0, -1), outputs]);
}

function isFrozen(weight: tf.Tensor): boolean {
  return weight instanceof tf.Variable && !weight.trainable;
}

function trained(x: tf.Tensor2D, kernel: tf.Tensor2D, bias: tf.Tensor | undefined): tf.Tensor {
  const product = tf.matMul(x, kernel);
  return bias ? tf.add(product, bias) : product;
}

function frozen(x: tf.Tensor2D, kernel: tf.Tensor2D, bias: tf.Tensor | undefined): tf.Tensor {
  return tf.customGrad((rows) => ({
    value: tf.fused.matMul({ a: rows as tf.Tensor2D, b: kernel, ...(bias ? { bias } : {}) }),
    gradFunc: (dy: tf.Tensor) => tf.matMul(dy as tf.Tensor2D, kernel, false, true),
  }))(x);
}
