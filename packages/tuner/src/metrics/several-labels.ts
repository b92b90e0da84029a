import * as tf from "@tensorflow/tfjs-core";
import type { Metric } from "./metric.ts";

/**
 * Metrics for outputs whose columns are labels of their own, of which an example may have none or several. A label counts as predicted
 * if its probability is above 0.5.
 *
 * Names of results follow scikit-learn: "macro" is the mean over labels, "micro" counts the decisions of all labels together.
 */

/** Measures the share of right decisions over all examples and labels, as `BinaryAccuracy` of Keras, under the key `acc`. */
export function labelAccuracy(): Metric {
  return {
    name: "acc",
    reads: "probabilities",
    update(labels, predictions) {
      const right = tf.cast(tf.equal(above(labels), above(predictions)), "float32");
      return tf.stack([tf.sum(right), tf.scalar(right.size)]);
    },
    result: ([right = 0, count = 0]) => ({ acc: count > 0 ? right / count : Number.NaN }),
  };
}

/** Counts the decisions for each label, in the rows of a tensor [4, labels]: true and false negatives, false and true positives. */
function decisions(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  const columns = predictions.shape.at(-1) as number;
  const [truth, predicted] = [labels, predictions].map((t) => tf.cast(tf.reshape(above(t), [-1, columns]), "float32"));
  const counts = [false, true].flatMap((isPredicted) =>
    [false, true].map((isTrue) =>
      tf.sum(tf.mul(side(truth as tf.Tensor, isTrue), side(predicted as tf.Tensor, isPredicted)), 0),
    ),
  );
  return tf.stack(counts);
}

/** Counts decisions for each label, under the keys `confusion_<label>_<truth>_<prediction>`. */
export function labelConfusion(): Metric {
  return {
    name: "confusion",
    reads: "probabilities",
    update: decisions,
    result(total, [, labels = 0]) {
      const entries = Array.from({ length: labels }, (_, label) =>
        [0, 1].flatMap((truth) =>
          [0, 1].map((predicted) => [
            `confusion_${label}_${truth}_${predicted}`,
            total[(2 * predicted + truth) * labels + label] as number,
          ]),
        ),
      );
      return Object.fromEntries(entries.flat()) as Record<string, number>;
    },
  };
}

/**
 * Measures F1 = 2·TP / (2·TP + FP + FN) for each label, under `f1_<label>`, with `f1_macro` and `f1_micro`. The key `f1` is the macro
 * average. A label that occurs neither in the labels nor in the predictions counts 0, as in Keras and scikit-learn.
 */
export function labelF1(): Metric {
  return {
    name: "f1",
    reads: "probabilities",
    update: decisions,
    result(total, [, labels = 0]) {
      const at = (row: number, label: number): number => total[row * labels + label] as number;
      const scores = Array.from({ length: labels }, (_, label) => f1Of(at(3, label), at(2, label), at(1, label)));
      const sum = (row: number): number => total.slice(row * labels, (row + 1) * labels).reduce((a, b) => a + b, 0);
      return averaged("f1", scores, f1Of(sum(3), sum(2), sum(1)));
    },
  };
}

function f1Of(truePositives: number, falsePositives: number, falseNegatives: number): number {
  const size = 2 * truePositives + falsePositives + falseNegatives;
  return size > 0 ? (2 * truePositives) / size : 0;
}

/** Returns the values of the labels with their averages: `<name>` and `<name>_macro`, `<name>_micro`, `<name>_<label>`. */
export function averaged(name: string, values: readonly number[], micro: number): Readonly<Record<string, number>> {
  const known = values.filter((value) => !Number.isNaN(value));
  const macro = known.length > 0 ? known.reduce((a, b) => a + b, 0) / known.length : Number.NaN;
  return {
    [name]: macro,
    [`${name}_macro`]: macro,
    [`${name}_micro`]: micro,
    ...Object.fromEntries(values.map((value, label) => [`${name}_${label}`, value])),
  };
}

function above(values: tf.Tensor): tf.Tensor {
  return tf.greater(tf.cast(values, "float32"), 0.5);
}

function side(values: tf.Tensor, isOne: boolean): tf.Tensor {
  return isOne ? values : tf.sub(1, values);
}
