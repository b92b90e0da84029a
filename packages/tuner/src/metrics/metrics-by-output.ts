import { OptionsError } from "@graftjs/core";
import type { Metric } from "./metric.ts";

/**
 * Returns the metrics of each output, in the form that suits its labels.
 *
 * @param several for each output, whether an example may have several labels.
 * @throws OptionsError if a metric has no meaning for several labels per example.
 */
export function metricsByOutput(
  metrics: readonly Metric[],
  several: readonly boolean[],
  outputs: readonly string[],
): readonly (readonly Metric[])[] {
  return several.map((isSeveral, i) =>
    metrics.map((metric) => {
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
