import { namedWeights } from "@graftjs/core";
import type { Recipe, Resolved } from "@graftjs/registry";
import { epochOrder, fineTune, formatPlan, planFineTune, progress } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { loadBase } from "./base.ts";
import { withNewHead } from "./model.ts";
import { moved, statistics } from "./statistics.ts";
import { stockTransfer } from "./stock.ts";
import type { Row } from "./table.ts";
import { accuracy, type Task } from "./task.ts";

/** Rows of the table, and the model that Graft has trained. */
export interface Comparison {
  readonly rows: readonly Row[];
  readonly tuned: Tuned;
}
/** A trained model with the new head. It shares its trunk with the base, which has the old head. */
export interface Tuned {
  readonly model: LayersModel;
  readonly result: Awaited<ReturnType<typeof fineTune>>;
  readonly recipe: Recipe;
}

const HEAD_SEED = 7;
const STOCK_RATE = 0.1;

/** Runs base, stock tfjs-layers and Graft one after the other, with the same data, batches, seeds and backend. */
export async function compare(recipe: Recipe, resolved: Resolved, task: Task): Promise<Comparison> {
  const { epochs, batchSize, seed } = recipe.run as { epochs: number; batchSize: number; seed: number };
  const n = task.train.xs.shape[0];
  const order = (epoch: number): readonly number[] => [...epochOrder(seed, epoch, n)];
  const fresh = async (): Promise<{ base: LayersModel; model: LayersModel }> => {
    const base = await loadBase();
    return { base, model: withNewHead(base, HEAD_SEED) };
  };
  const scored = async (
    name: string,
    base: LayersModel,
    model: LayersModel,
    before?: ReadonlyMap<string, Float32Array>,
  ) => ({
    name,
    newAccuracy: await accuracy(model, task.test),
    oldAccuracy: await accuracy(base, task.oldTest),
    total: namedWeights(model)
      .filter(({ statistic }) => !statistic)
      .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    statistics: (await statistics(model)).size,
    statisticsMoved: before && moved(before, await statistics(model)),
  });

  const start = await fresh();
  const untouched: Row = {
    ...(await scored("base (head untrained)", start.base, start.model)),
    trained: 0,
    secondsPerEpoch: undefined,
    peakBytes: undefined,
  };

  console.log("\nStock tfjs-layers, trainable = false on everything but the head ...");
  const stock = await fresh();
  const stockBefore = await statistics(stock.model);
  const stockRun = await stockTransfer(stock.model, task.train, { epochs, batchSize, learningRate: STOCK_RATE, order });
  const stockRow: Row = {
    ...(await scored("stock tfjs-layers", stock.base, stock.model, stockBefore)),
    ...stockRun,
    peakBytes: await peakBytes(async () => {
      const { model } = await fresh();
      await stockTransfer(model, task.train, { epochs: 1, batchSize, learningRate: STOCK_RATE, order });
    }),
  };

  const graft = await fresh();
  const options = {
    data: task.train,
    loss: "categoricalCrossentropy" as const,
    metrics: ["accuracy" as const],
    trainable: resolved.trainable ?? "all",
    patches: resolved.patches,
    hooks: resolved.hooks,
    rule: resolved.rule,
    learningRate: resolved.learningRate,
    epochs,
    batchSize,
    seed,
  };
  console.log(`\n${formatPlan(await planFineTune(graft.model, options))}\n`);
  const before = await statistics(graft.model);
  const result = await fineTune(graft.model, { ...options, observers: [progress()] });
  const spent = result.seconds.reduce((a, b) => a + b, 0) + result.trunkSeconds;
  const graftRow: Row = {
    ...(await scored("Graft, by its recipe", graft.base, graft.model, before)),
    trained: result.plan.parameters.trained,
    secondsPerEpoch: spent / epochs,
    peakBytes: await peakBytes(async () => {
      (await fineTune((await fresh()).model, { ...options, epochs: 1, learningRate: STOCK_RATE })).restore();
    }),
  };
  return { rows: [untouched, stockRow, graftRow], tuned: { model: graft.model, result, recipe } };
}

/** Measures the peak of tensor memory during one epoch, in bytes. Tensors that existed before it do not count. */
async function peakBytes(epoch: () => Promise<void>): Promise<number> {
  const { numBytes } = tf.memory();
  const { peakBytes } = await tf.profile(async () => {
    await epoch();
    return tf.scalar(0);
  });
  return peakBytes - numBytes;
}
