import * as tf from "@tensorflow/tfjs-core";

/** (p − y)², the mean over the last axis: one loss an example. As tfjs-layers. */
export function meanSquaredError(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  return tf.mean(tf.square(tf.sub(predictions, labels)), -1);
}

/** |p − y|, the mean over the last axis. As tfjs-layers. */
export function meanAbsoluteError(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  return tf.mean(tf.abs(tf.sub(predictions, labels)), -1);
}

/** ½ e² for |e| ≤ 1, |e| − ½ beyond (Huber 1964), the mean over the last axis. */
export function huber(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  const error = tf.abs(tf.sub(predictions, labels));
  const near = tf.minimum(error, 1);
  return tf.mean(tf.add(tf.mul(0.5, tf.square(near)), tf.sub(error, near)), -1);
}

/** p − y·log p, the mean over the last axis. As tfjs-layers. */
export function poisson(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  return tf.mean(tf.sub(predictions, tf.mul(labels, tf.log(tf.add(1e-7, predictions)))), -1);
}
