import { OptionsError, suggest } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import { accuracy, topK } from "./accuracy.ts";
import { auc } from "./auc.ts";
import { confusionMatrix, f1 } from "./confusion.ts";
import { meanAbsoluteErrorMetric, meanSquaredErrorMetric } from "./error.ts";

/**
 * A metric as sufficient statistics: a small tensor a batch, summed over batches on the device, turned into numbers once.
 * Exact whatever the batch size, and one read an epoch.
 */
export interface Metric {
  readonly name: string;
  /** Runs inside a tidy. The same shape every batch. */
  update(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor;
  /** From the sum over all batches. Names are keys of the history; the first is the metric's main number. */
  result(total: Float32Array, shape: readonly number[]): Readonly<Record<string, number>>;
}

export type MetricName = "accuracy" | "acc" | "top5" | "f1" | "confusion" | "auc" | "mse" | "mae";

const METRICS: Readonly<Record<MetricName, () => Metric>> = {
  accuracy: () => accuracy(),
  acc: () => accuracy(),
  top5: () => topK(5),
  f1: () => f1(),
  confusion: () => confusionMatrix(),
  auc: () => auc(),
  mse: () => meanSquaredErrorMetric(),
  mae: () => meanAbsoluteErrorMetric(),
};

/** @throws OptionsError naming the nearest metrics. */
export function metricOf(metric: MetricName | Metric): Metric {
  if (typeof metric === "object") return metric;
  if (Object.hasOwn(METRICS, metric)) return METRICS[metric]();
  throw new OptionsError(`No metric is named \`${String(metric)}\`.`, suggest(String(metric), Object.keys(METRICS)));
}
