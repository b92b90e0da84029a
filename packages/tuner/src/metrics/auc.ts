import * as tf from "@tensorflow/tfjs-core";
import type { Metric } from "./metric.ts";

/**
 * Measures the area under the ROC curve of the probability of class 1, under the key `auc`. It uses histograms of `bins` equal bins,
 * and a pair within one bin counts half. The result is exact if no positive shares a bin with a negative. Otherwise the error is at
 * most half the share of such pairs.
 *
 * Labels are 0 or 1 in one column, or two columns of which the second counts.
 */
export function auc(bins = 1000): Metric {
  return {
    name: "auc",
    reads: "probabilities",
    update(labels, predictions) {
      const score = tf.reshape(lastColumn(predictions), [-1]);
      const truth = tf.reshape(predictions.shape.at(-1) === labels.shape.at(-1) ? lastColumn(labels) : labels, [-1]);
      const bin = tf.cast(tf.clipByValue(tf.floor(tf.mul(score, bins)), 0, bins - 1), "int32");
      const hot = tf.cast(tf.oneHot(bin as tf.Tensor1D, bins), "float32") as tf.Tensor2D;
      const positive = tf.cast(truth, "float32");
      return tf.matMul(tf.stack([positive, tf.sub(1, positive)]) as tf.Tensor2D, hot);
    },
    result(total) {
      let [below, area, positives, negatives] = [0, 0, 0, 0];
      for (let i = 0; i < bins; i++) {
        const [p, n] = [total[i] as number, total[bins + i] as number];
        area += p * (below + n / 2);
        below += n;
        positives += p;
        negatives += n;
      }
      return { auc: positives > 0 && negatives > 0 ? area / (positives * negatives) : Number.NaN };
    },
  };
}

function lastColumn(tensor: tf.Tensor): tf.Tensor {
  const columns = tensor.shape.at(-1) ?? 1;
  if (tensor.rank < 2 || columns === 1) return tensor;
  return tf.slice(tensor, [0, columns - 1], [-1, 1]);
}
