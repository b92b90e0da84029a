import { accuracy } from "./accuracy.ts";
import { auc } from "./auc.ts";
import { confusionMatrix, f1 } from "./confusion.ts";
import { meanAbsoluteErrorMetric, meanSquaredErrorMetric } from "./error.ts";
import type { Metric } from "./metric.ts";

/** Names of metrics in options. `top3`, `top5` and so on mean `topK` with that number. */
export type MetricName = "accuracy" | "acc" | `top${number}` | "f1" | "confusion" | "auc" | "mse" | "mae";

/** A metric of this package, as its plugin describes it. */
export interface NamedMetric {
  readonly name: Exclude<MetricName, `top${number}`>;
  /** One line for listings. */
  readonly description: string;
  create(): Metric;
}

/** The metrics without options: the source of the names in options and of the plugins. */
export const METRICS: readonly NamedMetric[] = [
  { name: "accuracy", description: "Share of examples whose class is right", create: () => accuracy() },
  { name: "acc", description: "The same as accuracy, under the name that tfjs uses", create: () => accuracy() },
  { name: "f1", description: "F1: the mean over classes, or of class 1 if there are two", create: () => f1() },
  {
    name: "confusion",
    description: "Confusion matrix, one number per pair of classes",
    create: () => confusionMatrix(),
  },
  {
    name: "auc",
    description: "Area under the ROC curve: of class 1, or the mean over more than two classes",
    create: () => auc(),
  },
  { name: "mse", description: "Mean squared error", create: () => meanSquaredErrorMetric() },
  { name: "mae", description: "Mean absolute error", create: () => meanAbsoluteErrorMetric() },
];
