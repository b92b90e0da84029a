import { namedWeights } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Examples } from "./data.ts";

export interface StockOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Order of the examples in an epoch. Graft gets the same order, so that both see the same batches. */
  readonly order: (epoch: number) => readonly number[];
}

/**
 * Transfers a model in the way that the documentation of tfjs-layers recommends: `trainable = false` on everything but the head,
 * then training. Returns the time per epoch in seconds and the number of trained values.
 */
export async function stockTransfer(
  model: LayersModel,
  { xs, ys }: Examples,
  { epochs, batchSize, learningRate, order }: StockOptions,
): Promise<{ readonly secondsPerEpoch: number; readonly trained: number }> {
  for (const layer of model.layers.slice(0, -1)) layer.trainable = false;
  const optimizer = tf.train.momentum(learningRate, 0.9);
  model.compile({ optimizer, loss: "categoricalCrossentropy" });
  const started = performance.now();
  for (let epoch = 0; epoch < epochs; epoch++) {
    const indices = order(epoch);
    for (let at = 0; at < indices.length; at += batchSize) {
      const index = tf.tensor1d(indices.slice(at, at + batchSize), "int32");
      const batch = tf.tidy(() => [tf.gather(xs, index), tf.gather(ys, index)] as const);
      await model.trainOnBatch(batch[0], batch[1]);
      tf.dispose([index, ...batch]);
    }
  }
  const secondsPerEpoch = (performance.now() - started) / 1000 / epochs;
  const trained = namedWeights(model)
    .filter(({ trainable, statistic }) => trainable && !statistic)
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  optimizer.dispose();
  return { secondsPerEpoch, trained };
}
