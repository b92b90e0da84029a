import { didYouMean, OptionsError } from "@graftjs/core";
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
  /**
   * "probabilities": under a loss of logits the predictions go through that loss's sigmoid or softmax first. Under a loss of your
   * own they come as they are. @default "predictions", as they are
   */
  readonly reads?: "predictions" | "probabilities";
  /** Runs inside a tidy. The same shape every batch. */
  update(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor;
  /** From the sum over all batches. Names are keys of the history; the first is the metric's main number. */
  result(total: Float32Array, shape: readonly number[]): Readonly<Record<string, number>>;
}

/** `top3`, `top5` and so on: see `topK`. */
export type MetricName = "accuracy" | "acc" | `top${number}` | "f1" | "confusion" | "auc" | "mse" | "mae";

const METRICS: Readonly<Record<Exclude<MetricName, `top${number}`>, () => Metric>> = {
  accuracy: () => accuracy(),
  acc: () => accuracy(),
  f1: () => f1(),
  confusion: () => confusionMatrix(),
  auc: () => auc(),
  mse: () => meanSquaredErrorMetric(),
  mae: () => meanAbsoluteErrorMetric(),
};

/** @throws OptionsError naming the nearest metrics. */
export function metricOf(metric: MetricName | Metric): Metric {
  if (typeof metric === "object" && metric !== null) return metric;
  const [, k] = /^top([1-9]\d*)$/.exec(String(metric)) ?? [];
  if (k !== undefined) return topK(Number(k));
  if (Object.hasOwn(METRICS, metric)) return METRICS[metric as keyof typeof METRICS]();
  throw new OptionsError(
    `No metric is named \`${String(metric)}\`.`,
    didYouMean(String(metric), [...Object.keys(METRICS), "top5"]),
  );
}
