import * as tf from "@tensorflow/tfjs-core";
import type { Metric } from "./metric.ts";
import { averaged } from "./several-labels.ts";

/**
 * Measures the area under the ROC curve of the probability of class 1, under the key `auc`. It uses histograms of `bins` equal bins,
 * and a pair within one bin counts half. The result is exact if no positive shares a bin with a negative. Otherwise the error is at
 * most half the share of such pairs.
 *
 * Predictions of one or two columns are for two classes; of two columns the second counts. With more columns, the result is the mean
 * over classes, each against the rest. If examples may have several labels, each column has its own area `auc_<label>`, `auc` and
 * `auc_macro` are the mean over columns, and `auc_micro` is the area over all decisions together. These are `AUC` of Keras with and
 * without `multi_label`. Columns without a positive or without a negative do not count in means.
 */
export function auc(bins = 1000): Metric {
  const ofColumns: Metric = {
    name: "auc",
    reads: "probabilities",
    update: (labels, predictions) => histograms(...columnsOf(labels, predictions), bins),
    result: (total) => ({ auc: areas(total, bins).mean }),
  };
  return {
    ...ofColumns,
    severalLabels: {
      ...ofColumns,
      update: (labels, predictions) => histograms(asRows(labels, predictions), asRows(predictions, predictions), bins),
      result(total) {
        const { each, together } = areas(total, bins);
        return averaged("auc", each, together);
      },
    },
  };
}

/** Returns truth and scores as tensors [examples, columns], with one column for two classes. */
function columnsOf(labels: tf.Tensor, predictions: tf.Tensor): [truth: tf.Tensor, scores: tf.Tensor] {
  const columns = predictions.shape.at(-1) as number;
  const scores = asRows(predictions, predictions);
  const hot = labels.rank === predictions.rank && labels.shape.at(-1) === columns;
  const truth = hot
    ? asRows(labels, predictions)
    : tf.oneHot(tf.cast(tf.reshape(labels, [-1]), "int32") as tf.Tensor1D, Math.max(2, columns));
  const last = (rows: tf.Tensor): tf.Tensor => tf.slice(rows, [0, (rows.shape[1] as number) - 1], [-1, 1]);
  return columns > 2 ? [truth, scores] : [last(truth), last(scores)];
}

function asRows(tensor: tf.Tensor, { shape }: tf.Tensor): tf.Tensor {
  return tf.reshape(tensor, [-1, shape.at(-1) as number]);
}

/** Counts positives and negatives by column and bin: [2, columns, bins]. */
function histograms(truth: tf.Tensor, scores: tf.Tensor, bins: number): tf.Tensor {
  const [, columns = 1] = scores.shape;
  const bin = tf.cast(tf.clipByValue(tf.floor(tf.mul(scores, bins)), 0, bins - 1), "int32");
  const positive = tf.cast(truth, "float32");
  const ofColumn = (column: number): tf.Tensor => {
    const at = (rows: tf.Tensor): tf.Tensor1D => tf.reshape(tf.slice(rows, [0, column], [-1, 1]), [-1]);
    const hot = tf.cast(tf.oneHot(at(bin), bins), "float32") as tf.Tensor2D;
    return tf.matMul(tf.stack([at(positive), tf.sub(1, at(positive))]) as tf.Tensor2D, hot);
  };
  return tf.stack(
    Array.from({ length: columns }, (_, column) => tf.tidy(() => ofColumn(column))),
    1,
  );
}

/** Computes the area of each column, their mean, and the area of all columns together. */
function areas(total: Float32Array, bins: number): { each: readonly number[]; mean: number; together: number } {
  const half = total.length / 2;
  const [positives, negatives] = [total.subarray(0, half), total.subarray(half)];
  const each = Array.from({ length: half / bins }, (_, column) => {
    const range = [column * bins, (column + 1) * bins] as const;
    return areaUnder(positives.subarray(...range), negatives.subarray(...range));
  });
  const merged = (values: Float32Array): Float32Array =>
    Float32Array.from({ length: bins }, (_, bin) => each.reduce((sum, _, c) => sum + (values[c * bins + bin] ?? 0), 0));
  const known = each.filter((area) => !Number.isNaN(area));
  const mean = known.length > 0 ? known.reduce((a, b) => a + b, 0) / known.length : Number.NaN;
  return { each, mean, together: areaUnder(merged(positives), merged(negatives)) };
}

/** Computes the area from the counts by bin; NaN without a positive or without a negative. */
function areaUnder(positives: Float32Array, negatives: Float32Array): number {
  let [below, area, sum] = [0, 0, 0];
  positives.forEach((p, bin) => {
    const n = negatives[bin] as number;
    area += p * (below + n / 2);
    below += n;
    sum += p;
  });
  return sum > 0 && below > 0 ? area / (sum * below) : Number.NaN;
}
