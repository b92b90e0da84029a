import * as tf from "@tensorflow/tfjs-core";
import type { Metric } from "../metrics/metric.ts";
import type { BatchOutcome } from "./step.ts";

/** Sums losses and metrics over batches on the device, reads them once. */
export interface Tally {
  /** Takes the outcome over and frees it. */
  add(outcome: BatchOutcome, examples: number): void;
  /** The epoch's numbers; frees what was summed. */
  finish(): Promise<Readonly<Record<string, number>>>;
  dispose(): void;
}

/** The loss is the mean over examples, a short last batch weighing less, as in tfjs. Several outputs prefix their metrics. */
export function tally(metrics: readonly Metric[], outputs: readonly string[]): Tally {
  let loss: tf.Tensor | undefined;
  let sums: tf.Tensor[] = [];
  let examples = 0;
  const dispose = (): void => {
    tf.dispose([loss ?? [], sums]);
    loss = undefined;
    sums = [];
    examples = 0;
  };
  return {
    add(outcome, size) {
      const old = [loss ?? [], sums, outcome.loss, outcome.metrics as tf.Tensor[]];
      const next = tf.tidy(() => ({
        loss: loss ? tf.add(loss, tf.mul(outcome.loss, size)) : tf.mul(outcome.loss, size),
        sums: outcome.metrics.map((metric, i) => (sums[i] ? tf.add(sums[i], metric) : tf.clone(metric))),
      }));
      tf.dispose(old);
      loss = tf.keep(next.loss);
      sums = next.sums.map((sum) => tf.keep(sum));
      examples += size;
    },
    async finish() {
      const total = loss ? ((await loss.data())[0] as number) : Number.NaN;
      const logs: Record<string, number> = { loss: total / examples };
      for (const [i, sum] of sums.entries()) {
        const metric = metrics[i % metrics.length] as Metric;
        const prefix = outputs.length > 1 ? `${outputs[Math.floor(i / metrics.length)]}_` : "";
        const result = metric.result((await sum.data()) as Float32Array);
        for (const [key, value] of Object.entries(result)) logs[prefix + key] = value;
      }
      dispose();
      return logs;
    },
    dispose,
  };
}
