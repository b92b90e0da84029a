import * as tf from "@tensorflow/tfjs-core";

/** The bound to which tfjs-layers clips probabilities. `tf.backend().epsilon()` is another number. */
const EPSILON = 1e-7;

/** Computes one loss per example, as tfjs-layers does. Labels are one-hot or soft, predictions are probabilities [..., classes]. */
export function categoricalCrossentropy(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  const normalized = tf.div(predictions, tf.sum(predictions, -1, true));
  const clipped = tf.clipByValue(normalized, EPSILON, 1 - EPSILON);
  return tf.neg(tf.sum(tf.mul(tf.cast(labels, "float32"), tf.log(clipped)), -1));
}

/** Computes the same for class indices [batch] or [batch, 1] as labels, as tfjs-layers does. */
export function sparseCategoricalCrossentropy(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  const clipped = tf.clipByValue(predictions, EPSILON, 1 - EPSILON);
  return categoricalCrossentropy(oneHot(labels, predictions), clipped);
}

/** Computes the mean over the last axis, as tfjs-layers does. Labels are 0 or 1, predictions are probabilities. */
export function binaryCrossentropy(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  const p = tf.clipByValue(predictions, EPSILON, 1 - EPSILON);
  return sigmoidCrossEntropy(labels, tf.log(tf.div(p, tf.sub(1, p))));
}

/** Computes −Σ y·logsoftmax(z) for one-hot or soft labels y and logits z. Unlike probabilities, logits need no clipping. */
export function softmaxCrossEntropy(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  return tf.neg(tf.sum(tf.mul(tf.cast(labels, "float32"), tf.logSoftmax(logits)), -1));
}

/** Computes the same for class indices as labels. */
export function sparseSoftmaxCrossEntropy(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  return softmaxCrossEntropy(oneHot(labels, logits), logits);
}

/** Computes max(z, 0) − z·y + log(1 + e^−|z|) for labels y of 0 or 1 and logits z, as the mean over the last axis. */
export function sigmoidCrossEntropy(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  const loss = tf.add(
    tf.sub(tf.relu(logits), tf.mul(logits, tf.cast(labels, "float32"))),
    tf.log1p(tf.exp(tf.neg(tf.abs(logits)))),
  );
  return tf.mean(loss, -1);
}

/** Computes the hinge loss for labels of −1 or 1, as tfjs-layers does. */
export function hinge(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  return tf.mean(tf.relu(tf.sub(1, tf.mul(labels, predictions))), -1);
}

/** Computes the divergence of two distributions over the last axis, as tfjs-layers does. */
export function kullbackLeiblerDivergence(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  const y = tf.clipByValue(labels, EPSILON, 1);
  const p = tf.clipByValue(predictions, EPSILON, 1);
  return tf.sum(tf.mul(labels, tf.log(tf.div(y, p))), -1);
}

/** Returns class indices [batch] or [batch, 1] as one-hot labels in the shape of the predictions. */
export function oneHot(labels: tf.Tensor, like: tf.Tensor): tf.Tensor {
  const classes = like.shape.at(-1) as number;
  const flat = tf.cast(tf.reshape(labels, [-1]), "int32") as tf.Tensor1D;
  return tf.reshape(tf.oneHot(flat, classes), like.shape);
}
