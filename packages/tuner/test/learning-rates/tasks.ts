import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { adam, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { type FineTuneOptions, loadLayersModel, replaceHead } from "../../src/index.ts";

const quickstart = join(import.meta.dirname, "../../../../examples/quickstart");
const digits = join(dirname(createRequire(join(quickstart, "main.ts")).resolve("mnist/package.json")), "src", "digits");
const SIDE = 28;

/** A small net, real data and the options of a run, without rate and length. */
export interface Task {
  readonly name: string;
  model(seed: number): Promise<tfl.LayersModel>;
  options(seed: number): Omit<FineTuneOptions, "learningRate" | "epochs">;
}

/** Reads 40 digits of each class for training and the next 20 for validation, as images of `side` pixels. */
function data(side: number): Pick<FineTuneOptions, "data" | "validation"> {
  const classes = Array.from({ length: 10 }, (_, label) =>
    Float32Array.from((JSON.parse(readFileSync(join(digits, `${label}.json`), "utf8")) as { data: number[] }).data),
  );
  const part = (from: number, count: number): { xs: tf.Tensor; ys: tf.Tensor } =>
    tf.tidy(() => {
      const size = SIDE * SIDE;
      const rows = classes.map((all) =>
        tf.tensor4d(all.slice(from * size, (from + count) * size), [count, SIDE, SIDE, 1]),
      );
      const ys = tf.oneHot(
        tf.tensor1d(
          classes.flatMap((_, label) => Array(count).fill(label)),
          "int32",
        ),
        10,
      );
      const images = tf.concat(rows);
      return { xs: side === SIDE ? images : tf.avgPool(images as tf.Tensor4D, SIDE / side, SIDE / side, "same"), ys };
    });
  return { data: part(0, 40), validation: part(40, 20) };
}

const dense = (units: number, name: string, seed: number, activation: "relu" | "softmax" | "tanh") =>
  tfl.layers.dense({ units, name, activation, kernelInitializer: tfl.initializers.heNormal({ seed }) });

const flat = (): tfl.layers.Layer => tfl.layers.flatten({ inputShape: [14, 14, 1] });

const conv = (filters: number, seed: number, first = {}) =>
  tfl.layers.conv2d({
    ...{ filters, kernelSize: 3, strides: 2, activation: "relu" as const, ...first },
    kernelInitializer: tfl.initializers.heNormal({ seed }),
  });

const base = async (seed: number): Promise<tfl.LayersModel> =>
  replaceHead(await loadLayersModel(join(quickstart, "base/model.json")), {
    after: "pool",
    units: 10,
    name: "new",
    seed,
  });

const task = (
  name: string,
  {
    side = 14,
    trainable = "all",
    rule,
  }: { side?: number; trainable?: string | string[]; rule: () => FineTuneOptions["rule"] },
  model: (seed: number) => Promise<tfl.LayersModel> | tfl.LayersModel,
): Task => ({
  name,
  model: async (seed) => model(seed),
  options: (seed) => ({
    ...{ ...data(side), trainable, rule: rule(), seed, batchSize: 16, loss: "categoricalCrossentropy" },
  }),
});

/** Six tasks: a linear net, dense nets by two rules, a convolutional net, and two ways to tune the base of the quickstart. */
export const TASKS: readonly Task[] = [
  task("linear, adam", { rule: () => adam() }, (seed) =>
    tfl.sequential({ layers: [flat(), dense(10, "head", seed, "softmax")] }),
  ),
  task("dense, adam", { rule: () => adam() }, (seed) =>
    tfl.sequential({ layers: [flat(), dense(32, "body", seed, "relu"), dense(10, "head", seed + 1, "softmax")] }),
  ),
  task("dense, momentum", { rule: () => sgd({ momentum: 0.9 }) }, (seed) =>
    tfl.sequential({ layers: [flat(), dense(32, "body", seed, "tanh"), dense(10, "head", seed + 1, "softmax")] }),
  ),
  task("convolution, adam", { rule: () => adam() }, (seed) =>
    tfl.sequential({
      layers: [
        conv(8, seed, { inputShape: [14, 14, 1] }),
        conv(16, seed + 1),
        tfl.layers.flatten(),
        dense(10, "head", seed + 2, "softmax"),
      ],
    }),
  ),
  task("head of a base, momentum", { side: 28, trainable: "new/**", rule: () => sgd({ momentum: 0.9 }) }, base),
  task("last block of a base, adam", { side: 28, trainable: ["block3_*/**", "new/**"], rule: () => adam() }, base),
];
