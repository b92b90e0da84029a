import * as tf from "@tensorflow/tfjs-core";
import type { Metric } from "../../metrics/metric.ts";
import type { BatchOutcome } from "../forward/batch-outcome.ts";

/** Sums losses and metrics over batches on the device and reads the sums once. */
export interface MetricSums {
  /** Adds an outcome and frees its tensors. */
  add(outcome: BatchOutcome, examples: number): void;
  /** Returns the numbers of the epoch and frees the sums. */
  finish(): Promise<Readonly<Record<string, number>>>;
  /** Returns the sums so far for a checkpoint, losses first. */
  save(): Promise<{ readonly examples: number; readonly sums: readonly Float32Array[] }>;
  load(saved: { readonly examples: number; readonly sums: readonly Float32Array[] }): void;
  dispose(): void;
}

/**
 * Creates empty sums. The loss is the mean over examples, so a short last batch counts less, as in tfjs. If the model has several
 * outputs, each has its own loss, and the names of outputs come before those of losses and metrics, also as in tfjs.
 *
 * @param metrics the metrics of each output.
 */
export function metricSums(metrics: readonly (readonly Metric[])[], outputs: readonly string[]): MetricSums {
  const listed = metrics.flatMap((ofOutput, i) => ofOutput.map((metric) => ({ metric, output: outputs[i] as string })));
  let sums: tf.Tensor[] = [];
  let examples = 0;
  const dispose = (): void => {
    tf.dispose(sums);
    sums = [];
    examples = 0;
  };
  return {
    add({ loss, each, metrics }, size) {
      const next = tf.tidy(() =>
        [...[loss, ...each].map((mean) => tf.mul(mean, size)), ...metrics].map((part, i) =>
          sums[i] ? tf.add(sums[i], part) : tf.clone(part),
        ),
      );
      tf.dispose([loss, ...each, ...metrics, ...sums]);
      sums = next.map((sum) => tf.keep(sum));
      examples += size;
    },
    async finish() {
      const several = outputs.length > 1;
      const means = ["loss", ...(several ? outputs.map((output) => `${output}_loss`) : [])];
      const logs: Record<string, number> = { loss: Number.NaN };
      for (const [i, sum] of sums.slice(0, means.length).entries())
        logs[means[i] as string] = ((await sum.data())[0] as number) / examples;
      for (const [i, sum] of sums.slice(means.length).entries()) {
        const { metric, output } = listed[i] as (typeof listed)[number];
        const prefix = several ? `${output}_` : "";
        const result = metric.result((await sum.data()) as Float32Array, sum.shape);
        for (const [key, value] of Object.entries(result)) logs[prefix + key] = value;
      }
      dispose();
      return logs;
    },
    async save() {
      const values = await Promise.all(sums.map(async (sum) => ((await sum.data()) as Float32Array).slice()));
      // The shape comes first, because a confusion matrix is not flat.
      return {
        examples,
        sums: values.map((value, i) => Float32Array.of(sums[i]?.rank ?? 0, ...(sums[i]?.shape ?? []), ...value)),
      };
    },
    load(saved) {
      dispose();
      examples = saved.examples;
      sums = saved.sums.map(([rank = 0, ...rest]) =>
        tf.keep(tf.tensor(rest.slice(rank), rest.slice(0, rank), "float32")),
      );
    },
    dispose,
  };
}
