import * as tf from "@tensorflow/tfjs-core";
import { classNumbers } from "./accuracy.ts";
import type { Metric } from "./metric.ts";
import { labelConfusion, labelF1 } from "./several-labels.ts";

/** Counts the examples of a batch by [truth, prediction]. The confusion matrix and F1 are computed from these counts. */
function counts(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  const binary = predictions.shape.at(-1) === 1;
  const classes = binary ? 2 : (predictions.shape.at(-1) as number);
  const predicted = binary ? tf.cast(tf.greater(predictions, 0.5), "int32") : tf.argMax(predictions, -1);
  const truth = classNumbers(labels, predictions);
  const hot = (numbers: tf.Tensor): tf.Tensor2D =>
    tf.cast(tf.oneHot(tf.cast(tf.reshape(numbers, [-1]), "int32"), classes), "float32") as tf.Tensor2D;
  return tf.matMul(hot(truth), hot(predicted), true);
}

/**
 * Counts examples for each pair of classes, under the keys `confusion_<truth>_<prediction>`. If examples may have several labels, counts
 * decisions for each label, under `confusion_<label>_<truth>_<prediction>`.
 */
export function confusionMatrix(): Metric {
  return {
    name: "confusion",
    reads: "probabilities",
    severalLabels: labelConfusion(),
    update: counts,
    result(total, [classes = 0]) {
      const entries = [...total].map((n, i) => [`confusion_${Math.floor(i / classes)}_${i % classes}`, n] as const);
      return Object.fromEntries(entries);
    },
  };
}

/**
 * Measures F1 = 2·TP / (2·TP + FP + FN) under the key `f1`. It is the mean over classes ("macro"), or F1 of class 1 if there are at
 * most two columns. A class that occurs neither in the labels nor in the predictions counts 0, as in scikit-learn.
 *
 * If examples may have several labels, each label has its own `f1_<label>`, and `f1_macro`, `f1_micro` are averages. `f1` is the macro average.
 */
export function f1(): Metric {
  return {
    name: "f1",
    reads: "probabilities",
    severalLabels: labelF1(),
    update: counts,
    result(total, [classes = 0]) {
      const at = (truth: number, prediction: number): number => total[truth * classes + prediction] as number;
      const range = Array.from({ length: classes }, (_, i) => i);
      const scores = range.map((c) => {
        const row = range.reduce((sum, k) => sum + at(c, k), 0);
        const column = range.reduce((sum, k) => sum + at(k, c), 0);
        return row + column > 0 ? (2 * at(c, c)) / (row + column) : 0;
      });
      return { f1: classes === 2 ? (scores[1] as number) : scores.reduce((a, b) => a + b, 0) / classes };
    },
  };
}
