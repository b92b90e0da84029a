import * as tf from "@tensorflow/tfjs-core";
import type { Metric } from "./metric.ts";

/** Measures the mean squared error over all elements, under the key `mse`. */
export function meanSquaredErrorMetric(): Metric {
  return overElements("mse", (labels, predictions) => tf.square(tf.sub(predictions, labels)));
}

/** Measures the mean absolute error over all elements, under the key `mae`. */
export function meanAbsoluteErrorMetric(): Metric {
  return overElements("mae", (labels, predictions) => tf.abs(tf.sub(predictions, labels)));
}

function overElements(name: string, of: (labels: tf.Tensor, predictions: tf.Tensor) => tf.Tensor): Metric {
  return {
    name,
    update(labels, predictions) {
      const errors = of(labels, predictions);
      return tf.stack([tf.sum(errors), tf.scalar(errors.size)]);
    },
    result: ([sum = 0, count = 0]) => ({ [name]: count > 0 ? sum / count : Number.NaN }),
  };
}
