import { didYouMean, OptionsError } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import { topK } from "./accuracy.ts";
import { METRICS, type MetricName } from "./metrics.ts";

/**
 * A metric as sufficient statistics: a small tensor per batch, summed over batches on the device, and turned into numbers
 * once. The result is exact whatever the batch size, and costs one read per epoch.
 */
export interface Metric {
  readonly name: string;
  /**
   * "probabilities": under a loss of logits, the predictions first go through that loss's sigmoid or softmax. Under a loss
   * function of your own, predictions come as they are. @default "predictions": as they are
   */
  readonly reads?: "predictions" | "probabilities";
  /**
   * The form for outputs whose columns are labels of their own, of which an example may have several. `null`: the metric has no meaning
   * then, and a run with it is refused. @default the metric itself
   */
  readonly severalLabels?: Metric | null;
  /** Runs inside a tidy. Returns the same shape for every batch. */
  update(labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor;
  /** Computes the numbers from the sum over all batches. Names are keys of the history; the first is the main number. */
  result(total: Float32Array, shape: readonly number[]): Readonly<Record<string, number>>;
}

/** Returns the metric of this name, or the metric itself. @throws OptionsError with the nearest names */
export function metricOf(metric: MetricName | Metric): Metric {
  if (typeof metric === "object" && metric !== null) return metric;
  const [, k] = /^top([1-9]\d*)$/.exec(String(metric)) ?? [];
  if (k !== undefined) return topK(Number(k));
  const found = METRICS.find(({ name }) => name === metric);
  if (found) return found.create();
  const names = METRICS.map(({ name }) => name);
  throw new OptionsError(`No metric is named \`${String(metric)}\`.`, didYouMean(String(metric), [...names, "top5"]));
}

// A package's `plugins` may hold plugins of this kind.
declare module "@graftjs/core" {
  interface PluginKinds {
    metric: Metric;
  }
}
