import { type OptionsSchema, optionsSchema } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Metric } from "./metric.ts";
import { labelAccuracy } from "./several-labels.ts";

/**
 * Measures the share of examples whose class is right, under tfjs's key `acc`. Labels may be class indices or one-hot. If a
 * prediction has one column, it is the probability of class 1. If examples may have several labels, it is the share of right decisions
 * over all examples and labels.
 */
export function accuracy(): Metric {
  return {
    name: "acc",
    reads: "probabilities",
    severalLabels: labelAccuracy(),
    update(labels, predictions) {
      const binary = predictions.shape.at(-1) === 1;
      const predicted = binary ? tf.cast(tf.greater(predictions, 0.5), "int32") : tf.argMax(predictions, -1);
      const truth = classNumbers(labels, predictions);
      const right = tf.cast(tf.equal(tf.reshape(predicted, [-1]), truth), "float32");
      return tf.stack([tf.sum(right), tf.scalar(right.size)]);
    },
    result: ([right = 0, count = 0]) => ({ acc: count > 0 ? right / count : Number.NaN }),
  };
}

/** Options of the metric `topK`. */
export interface TopKOptions {
  /** Number of highest predictions among which the class must be. A whole number ≥ 1. */
  readonly k: number;
}

export const topKOptions: OptionsSchema<TopKOptions> = optionsSchema<TopKOptions>(
  { k: { type: "integer", minimum: 1, description: "Number of highest predictions among which the class must be" } },
  ["k"],
);

/**
 * Makes a metric: the share of examples whose class is among the `k` highest predictions. Its key is `top<k>`; the names
 * `top3`, `top5` and so on mean this metric.
 *
 * @throws OptionsError if `k` is not a whole number ≥ 1.
 */
export function topK(k: number): Metric {
  topKOptions.parse("topK", { k });
  const name = `top${k}`;
  return {
    name,
    reads: "probabilities",
    severalLabels: null,
    update(labels, predictions) {
      const classes = predictions.shape.at(-1) as number;
      const rows = tf.reshape(predictions, [-1, classes]);
      const truth = tf.oneHot(classNumbers(labels, predictions), classes);
      const own = tf.sum(tf.mul(rows, truth), -1, true);
      const above = tf.sum(tf.cast(tf.greater(rows, own), "float32"), -1);
      const right = tf.cast(tf.less(above, k), "float32");
      return tf.stack([tf.sum(right), tf.scalar(right.size)]);
    },
    result: ([right = 0, count = 0]) => ({ [name]: count > 0 ? right / count : Number.NaN }),
  };
}

/** Returns labels as class indices [examples]. They may be indices already, or one-hot. */
export function classNumbers(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor1D {
  const classes = predictions.shape.at(-1) as number;
  const hot = classes > 1 && labels.rank === predictions.rank && labels.shape.at(-1) === classes;
  return tf.reshape(hot ? tf.argMax(labels, -1) : tf.cast(labels, "int32"), [-1]) as tf.Tensor1D;
}
