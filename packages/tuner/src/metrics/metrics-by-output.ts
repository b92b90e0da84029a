import { OptionsError } from "@graftjs/core";
import { assertKnownOutputs } from "../models/adapter/known-outputs.ts";
import { type Metric, metricOf } from "./metric.ts";
import type { MetricName } from "./metrics.ts";

/** The `metrics` option: metrics of every output, or of some outputs by name. */
export type MetricsOption =
  | readonly (MetricName | Metric)[]
  | { readonly [output: string]: readonly (MetricName | Metric)[] };

/** Returns the metrics of each output, in the model's order. @throws OptionsError if an output is not one of the model */
export function listedMetrics(option: MetricsOption, outputs: readonly string[]): readonly (readonly Metric[])[] {
  if (Array.isArray(option)) return outputs.map(() => option.map(metricOf));
  const byName = option as { readonly [output: string]: readonly (MetricName | Metric)[] };
  assertKnownOutputs("metrics", byName, outputs);
  return outputs.map((name) => (byName[name] ?? []).map(metricOf));
}

/**
 * Returns the metrics of each output, in the form that suits its labels.
 *
 * @param metrics the metrics of each output.
 * @param several for each output, whether an example may have several labels.
 * @throws OptionsError if a metric has no meaning for several labels per example.
 */
export function metricsByOutput(
  metrics: readonly (readonly Metric[])[],
  several: readonly boolean[],
  outputs: readonly string[],
): readonly (readonly Metric[])[] {
  return several.map((isSeveral, i) =>
    (metrics[i] ?? []).map((metric) => {
      const { name, severalLabels = metric } = metric;
      if (!isSeveral) return metric;
      if (severalLabels) return severalLabels;
      throw new OptionsError(
        `\`${name}\` needs one label per example, and an example of output \`${outputs[i]}\` may have several.`,
        "Use accuracy, f1 or auc. If the columns are the classes of one label, use a softmax output or a categorical loss.",
      );
    }),
  );
}
