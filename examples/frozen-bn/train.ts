import { namedParams, namedWeights } from "@graftjs/core";
import { assertStatisticsUnmoved, readStatistics } from "@graftjs/frozen-bn";
import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { mobilenetV2 } from "./backbone.ts";
import { CLASSES, SIZE, type Split } from "./data.ts";
import { compiled, withHead } from "./model.ts";

/** One run: with or without frozen batch norm. */
export interface Setting {
  readonly frozen: boolean;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
}

/** The measurements of a run. */
export interface Outcome {
  /** Share of test pictures with the right category, predicted in inference mode. */
  readonly accuracy: number;
  /** The same for the training pictures. */
  readonly trainAccuracy: number;
  /** Mean loss of the last epoch, as `fit` reports it. */
  readonly loss: number;
  /** Median over the steps. */
  readonly millisecondsPerStep: number;
  /** Peak of tensor bytes during one step. */
  readonly peakBytes: number;
  readonly statisticsMoved: boolean;
  /** Largest difference of a prediction if only the trained parameters are put into a fresh base. 0 means bit for bit. */
  readonly carriedOver: number;
}

/** Makes the model of the example: MobileNetV2 with a head for the emoji categories. */
export async function build(seed: number): Promise<tfl.LayersModel> {
  return withHead(await mobilenetV2(SIZE), CLASSES.length, seed);
}

/** Fine-tunes with `model.fit` and measures. The two variants differ in one line. */
export async function run(train: Split, test: Split, setting: Setting): Promise<Outcome> {
  const { frozen, seed, epochs, batchSize } = setting;
  const model = await build(seed);
  const { params, optimizer, restore } = compiled(model, { frozen });
  const before = await readStatistics(model);
  const times: number[] = [];
  let loss = Number.NaN;
  let start = 0;
  const order = shuffledRows(train, seed);
  await model.fit(order.xs, order.ys, {
    epochs,
    batchSize,
    shuffle: false,
    verbose: 0,
    // Without this option, fit yields to timers during a step, which falsifies the times.
    yieldEvery: "never",
    callbacks: {
      onBatchBegin: async () => {
        start = performance.now();
      },
      onBatchEnd: async () => {
        times.push(performance.now() - start);
      },
      onEpochEnd: async (_, logs) => {
        loss = logs?.loss as number;
      },
    },
  });
  const statisticsMoved = await assertStatisticsUnmoved(model, before).then(
    () => false,
    () => true,
  );
  const peakBytes = await peak(model, optimizer, order, batchSize);
  restore();

  // A delta file contains only the trained parameters.
  const fresh = await build(seed);
  const trained = new Map(params.map(({ name, variable }) => [name, variable]));
  for (const { name, variable } of namedParams(fresh)) variable.assign(trained.get(name) as tf.Variable);
  const result = tf.tidy(() => {
    const predicted = model.predict(test.xs, { batchSize }) as tf.Tensor2D;
    const carried = fresh.predict(test.xs, { batchSize }) as tf.Tensor2D;
    return {
      accuracy: accuracy(predicted, test.ys),
      trainAccuracy: accuracy(model.predict(train.xs, { batchSize }) as tf.Tensor2D, train.ys),
      carriedOver: tf.max(tf.abs(tf.sub(predicted, carried))).dataSync()[0] as number,
    };
  });
  for (const made of [model, fresh]) made.dispose();
  optimizer.dispose();
  tf.dispose([order.xs, order.ys]);
  return { ...result, loss, millisecondsPerStep: median(times), peakBytes, statisticsMoved };
}

function accuracy(predicted: tf.Tensor2D, ys: tf.Tensor2D): number {
  return tf.mean(tf.cast(tf.equal(tf.argMax(predicted, 1), tf.argMax(ys, 1)), "float32")).dataSync()[0] as number;
}

/** Measures the peak of tensor bytes during one more step, then restores the weights. */
async function peak(
  model: tfl.LayersModel,
  optimizer: tf.Optimizer,
  { xs, ys }: Split,
  batchSize: number,
): Promise<number> {
  const x = tf.slice(xs, 0, batchSize);
  const y = tf.slice(ys, 0, batchSize);
  const weights = namedWeights(model).map(({ variable }) => ({ variable, value: tf.clone(variable) }));
  const { peakBytes } = await tf.profile(() => {
    const loss = (): tf.Scalar => {
      const predicted = model.apply(x, { training: true }) as tf.Tensor;
      return tf.neg(tf.mean(tf.sum(tf.mul(tf.log(tf.add(predicted, 1e-7)), y), 1))) as tf.Scalar;
    };
    optimizer.minimize(loss);
  });
  for (const { variable, value } of weights) variable.assign(value);
  tf.dispose([x, y, ...weights.map(({ value }) => value)]);
  return peakBytes;
}

/** Shuffles with a seed. The shuffling of `fit` has no seed. */
function shuffledRows({ xs, ys }: Split, seed: number): Split {
  let state = seed;
  const keys = Array.from({ length: xs.shape[0] }, (_, i) => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return [state, i] as const;
  });
  const order = keys.sort(([a], [b]) => a - b).map(([, i]) => i);
  return { xs: tf.gather(xs, order), ys: tf.gather(ys, order) };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
