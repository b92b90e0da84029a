import { adam } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { type Element, type FineTuneOptions, fineTune } from "../src/index.ts";
import { weightsOf } from "./support.ts";

/** Number of examples that {@link reader} gives. */
export const N = 20;

/** Makes a generator that gives `N` examples in batches of `each` (0: one by one), and a log that counts its calls. */
export function reader({ xs, ys }: { xs: tf.Tensor; ys: tf.Tensor }, each: number) {
  const log = { opened: 0, closed: 0, read: 0 };
  async function* read(): AsyncGenerator<Element> {
    log.opened++;
    try {
      for (let at = 0; at < N; at += each || 1) {
        await Promise.resolve();
        log.read++;
        const part = (t: tf.Tensor): tf.Tensor =>
          each > 0 ? tf.slice(t, at, Math.min(each, N - at)) : tf.squeeze(tf.slice(t, at, 1), [0]);
        yield { xs: tf.tidy(() => part(xs)), ys: tf.tidy(() => part(ys)) };
      }
    } finally {
      log.closed++;
    }
  }
  return { read, log };
}

/** Returns options of a short run on streamed data. */
export const options = (more: Partial<FineTuneOptions> & Pick<FineTuneOptions, "data">): FineTuneOptions => ({
  loss: "categoricalCrossentropy",
  trainable: "head",
  rule: adam(),
  learningRate: 0.05,
  epochs: 3,
  batchSize: 3,
  accumulate: 2,
  metrics: ["accuracy"],
  ...more,
});

/** Runs `fineTune` and returns the weights and the history. */
export async function tuned(model: layers.LayersModel, more: Parameters<typeof options>[0]) {
  const { history, restore } = await fineTune(model, options(more));
  restore();
  return { weights: weightsOf(model), history };
}
