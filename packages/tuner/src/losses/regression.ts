import * as tf from "@tensorflow/tfjs-core";

/** Computes (p − y)² as the mean over the last axis, as tfjs-layers does. */
export function meanSquaredError(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  return tf.mean(tf.square(tf.sub(predictions, labels)), -1);
}

/** Computes |p − y| as the mean over the last axis, as tfjs-layers does. */
export function meanAbsoluteError(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  return tf.mean(tf.abs(tf.sub(predictions, labels)), -1);
}

/** Computes ½ e² if |e| ≤ 1, else |e| − ½ (Huber 1964), as the mean over the last axis. */
export function huber(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  const error = tf.abs(tf.sub(predictions, labels));
  const near = tf.minimum(error, 1);
  return tf.mean(tf.add(tf.mul(0.5, tf.square(near)), tf.sub(error, near)), -1);
}

/** Computes p − y·log p as the mean over the last axis, as tfjs-layers does. */
export function poisson(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  return tf.mean(tf.sub(predictions, tf.mul(labels, tf.log(tf.add(1e-7, predictions)))), -1);
}
