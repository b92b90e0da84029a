import * as tf from "@tensorflow/tfjs-core";

/** What tfjs-layers clips probabilities with (`tf.backend().epsilon()` is another number). */
const EPSILON = 1e-7;

/** Labels one-hot or soft, predictions probabilities [..., classes]; one loss an example. As tfjs-layers. */
export function categoricalCrossentropy(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  const normalized = tf.div(predictions, tf.sum(predictions, -1, true));
  const clipped = tf.clipByValue(normalized, EPSILON, 1 - EPSILON);
  return tf.neg(tf.sum(tf.mul(tf.cast(labels, "float32"), tf.log(clipped)), -1));
}

/** Labels class numbers [batch] or [batch, 1], predictions probabilities. As tfjs-layers. */
export function sparseCategoricalCrossentropy(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  const clipped = tf.clipByValue(predictions, EPSILON, 1 - EPSILON);
  return categoricalCrossentropy(oneHot(labels, predictions), clipped);
}

/** Labels 0 or 1, predictions probabilities; the mean over the last axis. As tfjs-layers. */
export function binaryCrossentropy(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  const p = tf.clipByValue(predictions, EPSILON, 1 - EPSILON);
  return sigmoidCrossEntropy(labels, tf.log(tf.div(p, tf.sub(1, p))));
}

/** Labels one-hot or soft, predictions logits. −Σ y·logsoftmax(z), without the clipping that probabilities need. */
export function softmaxCrossEntropy(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  return tf.neg(tf.sum(tf.mul(tf.cast(labels, "float32"), tf.logSoftmax(logits)), -1));
}

/** Labels class numbers, predictions logits. */
export function sparseSoftmaxCrossEntropy(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  return softmaxCrossEntropy(oneHot(labels, logits), logits);
}

/** Labels 0 or 1, predictions logits: max(z, 0) − z·y + log(1 + e^−|z|), the mean over the last axis. */
export function sigmoidCrossEntropy(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  const loss = tf.add(
    tf.sub(tf.relu(logits), tf.mul(logits, tf.cast(labels, "float32"))),
    tf.log1p(tf.exp(tf.neg(tf.abs(logits)))),
  );
  return tf.mean(loss, -1);
}

/** Labels −1 or 1. As tfjs-layers. */
export function hinge(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  return tf.mean(tf.relu(tf.sub(1, tf.mul(labels, predictions))), -1);
}

/** Labels and predictions are distributions over the last axis. As tfjs-layers. */
export function kullbackLeiblerDivergence(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  const y = tf.clipByValue(labels, EPSILON, 1);
  const p = tf.clipByValue(predictions, EPSILON, 1);
  return tf.sum(tf.mul(labels, tf.log(tf.div(y, p))), -1);
}

function oneHot(labels: tf.Tensor, like: tf.Tensor): tf.Tensor {
  const classes = like.shape.at(-1) as number;
  const flat = tf.cast(tf.reshape(labels, [-1]), "int32") as tf.Tensor1D;
  return tf.reshape(tf.oneHot(flat, classes), like.shape);
}
