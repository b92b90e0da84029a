import "@tensorflow/tfjs-backend-cpu";
import { seeded, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { extendHead, fineTune, headFeatures, nearestClassMean } from "../src/index.ts";
import oracle from "./nearest-class-mean-oracle.json" with { type: "json" };

beforeEach(() => tf.setBackend("cpu"));

/** A model whose features are its inputs. */
function linear(kernel: number[][], bias: number[], more: layers.layers.Layer[] = []): layers.LayersModel {
  const head = layers.layers.dense({ units: bias.length, name: "head", inputShape: [kernel.length] });
  const model = layers.sequential({ layers: [head, ...more] });
  head.setWeights([tf.tensor2d(kernel), tf.tensor1d(bias)]);
  return model;
}

/** Points around one center per class, with class numbers. */
function clusters(centers: number[][], each: number, seed: number): { xs: tf.Tensor2D; ys: tf.Tensor1D } {
  const random = seeded(seed, "clusters");
  const noise = () => random() + random() + random() - 1.5;
  const rows = centers.flatMap((center) => Array.from({ length: each }, () => center.map((value) => value + noise())));
  return {
    xs: tf.tensor2d(rows),
    ys: tf.tensor1d(
      centers.flatMap((_, c) => Array<number>(each).fill(c)),
      "float32",
    ),
  };
}

async function accuracy(model: layers.LayersModel, xs: tf.Tensor, ys: tf.Tensor): Promise<number> {
  const right = tf.tidy(() =>
    tf.mean(tf.cast(tf.equal(tf.argMax(model.predict(xs) as tf.Tensor, 1), tf.cast(ys, "int32")), "float32")),
  );
  return (await right.data())[0] as number;
}

describe("extendHead", () => {
  it("keeps the old columns bit for bit and computes the new one as by hand", async () => {
    const model = linear([[3, 0], [0, 3]], [0.5, -0.5]); // biome-ignore format: a matrix
    const xs = tf.tensor2d([[1, 0], [0, 1], [-4, 0], [-2, 0]]); // biome-ignore format: a matrix
    const made = await extendHead(model, { add: 1, data: { xs, ys: tf.tensor1d([0, 1, 2, 2]) } });
    const [kernel, bias] = made.getWeights().map((tensor) => tensor.arraySync()) as [number[][], number[]];
    // The means are (−3, 0) and (0.5, 0.5), so the direction is (−3.5, −0.5) / √12.5. The old columns have the length 3.
    const column = [-3.5, -0.5].map((value) => (3 * value) / Math.sqrt(12.5));
    expect(kernel.map((row) => row.slice(0, 2))).toEqual([[3, 0], [0, 3]]); // biome-ignore format: a matrix
    kernel.forEach((row, i) => {
      expect(row[2]).toBeCloseTo(column[i] as number, 5);
    });
    // Scores without bias: −3.5, −0.5, 14 and 7 times 3 / √12.5. The best old scores are 3.5, 2.5, −0.5 and −0.5.
    const s = 3 / Math.sqrt(12.5);
    const inside = (14 * s + 0.5 + 7 * s + 0.5) / 2;
    const outside = (-3.5 * s - 3.5 - 0.5 * s - 2.5) / 2;
    expect(bias.slice(0, 2)).toEqual([0.5, -0.5]);
    expect(bias[2]).toBeCloseTo(-(inside + outside) / 2, 4);
  });

  it("recognizes a new class from five examples before any training, and trains on", async () => {
    const centers = [[3, 0, 0, 1], [0, 3, 0, 1], [0, 0, 3, 1], [-3, 0, 0, 1], [0, -3, 0, 1]]; // biome-ignore format: a matrix
    const model = layers.sequential({
      layers: [
        layers.layers.dense({
          units: 16,
          activation: "relu",
          inputShape: [4],
          kernelInitializer: layers.initializers.glorotUniform({ seed: 1 }),
        }),
        layers.layers.dense({
          units: 4,
          name: "head",
          kernelInitializer: layers.initializers.glorotUniform({ seed: 2 }),
        }),
        layers.layers.softmax(),
      ],
    });
    const options = { loss: "sparseCategoricalCrossentropy", trainable: "all", epochs: 10, batchSize: 16 } as const;
    const old = clusters(centers.slice(0, 4), 40, 1);
    await fineTune(model, { ...options, data: old, rule: sgd({ momentum: 0.9 }), learningRate: 0.1 });
    const few = clusters(centers, 5, 2);
    const test = clusters(centers, 100, 3);
    const before = tf.memory().numTensors;
    const made = await extendHead(model, { add: 1, data: few });
    // The new kernel and bias.
    expect(tf.memory().numTensors - before).toBe(2);
    const blank = await extendHead(model, { add: 1 });
    const logits = (of: layers.LayersModel) => {
      const head = layers.model({ inputs: of.inputs, outputs: of.getLayer("head").output as layers.SymbolicTensor });
      return (head.predict(test.xs) as tf.Tensor2D).arraySync().map((row) => row.slice(0, 4));
    };
    expect(logits(made)).toEqual(logits(model));
    expect(await accuracy(blank, test.xs, test.ys)).toBeLessThan(0.85);
    expect(await accuracy(made, test.xs, test.ys)).toBeGreaterThan(0.9);
    const all = clusters(centers, 40, 4);
    await fineTune(made, {
      ...options,
      trainable: "head",
      data: all,
      rule: sgd({ momentum: 0.9 }),
      learningRate: 0.05,
    });
    expect(await accuracy(made, test.xs, test.ys)).toBeGreaterThan(0.95);
  });

  it("names the reason if the head or the data do not fit", async () => {
    const model = linear([[1, 0], [0, 1]], [0, 0]); // biome-ignore format: a matrix
    const xs = tf.ones([2, 2]);
    await expect(extendHead(model, { add: 0 })).rejects.toThrow(/`add` of extendHead is 0/);
    await expect(extendHead(model, { add: 2, data: { xs, ys: tf.tensor1d([0, 2]) } })).rejects.toThrow(
      /classes 3 have/,
    );
    await expect(extendHead(model, { add: 1, data: { xs, ys: tf.tensor1d([0, 5]) } })).rejects.toThrow(/A label is 5/);
    await expect(extendHead(model, { add: 1, data: { xs, ys: tf.zeros([2, 7]) } })).rejects.toThrow(/shape \[2, 7\]/);
    const conv = layers.sequential({
      layers: [layers.layers.conv2d({ filters: 2, kernelSize: 1, inputShape: [2, 2, 1], name: "last" })],
    });
    await expect(extendHead(conv, { add: 1 })).rejects.toThrow(/`last`, is a Conv2D/);
    const reshaped = linear([[1, 0], [0, 1]], [0, 0], [layers.layers.reshape({ targetShape: [2, 1], name: "tail" })]); // biome-ignore format: a matrix
    await expect(extendHead(reshaped, { add: 1 })).rejects.toThrow(/`tail` follows the head/);
  });
});

describe("nearestClassMean", () => {
  it("gives the means and classes of scikit-learn's NearestCentroid, far from the origin too", async () => {
    for (const offset of [0, 1000]) {
      const features = tf.add(tf.tensor2d(oracle.features), offset) as tf.Tensor2D;
      const others = tf.add(tf.tensor2d(oracle.others), offset) as tf.Tensor2D;
      const oneHot = tf.oneHot(tf.tensor1d(oracle.labels, "int32"), 4);
      for (const ys of [tf.tensor1d(oracle.labels), oneHot]) {
        const before = tf.memory().numTensors;
        const classifier = await nearestClassMean(features, ys, 4);
        const [means, classes] = [classifier.means.arraySync(), classifier.predict(others)];
        means.forEach((row, c) => {
          row.forEach((value, i) => {
            expect(value - offset).toBeCloseTo(oracle.means[c]?.[i] as number, 3);
          });
        });
        expect([...classes.dataSync()]).toEqual(oracle.classes);
        classes.dispose();
        classifier.dispose();
        expect(tf.memory().numTensors).toBe(before);
      }
    }
  });

  it("answers from the features that the head of a model reads", async () => {
    const layersOf = [
      layers.layers.dense({ units: 3, inputShape: [2], useBias: false, kernelInitializer: "ones" }),
      layers.layers.dense({ units: 2, name: "head" }),
    ];
    const model = layers.sequential({ layers: layersOf });
    expect(headFeatures(model, tf.tensor2d([[1, 2], [3, 4]])).arraySync()).toEqual([[3, 3, 3], [7, 7, 7]]); // biome-ignore format: matrices
  });

  it("names labels that do not fit", async () => {
    const features = tf.ones([3, 2]) as tf.Tensor2D;
    await expect(nearestClassMean(features, tf.tensor1d([0, 1]), 2)).rejects.toThrow(/3 feature vectors and 2 labels/);
    await expect(nearestClassMean(features, tf.tensor1d([0, 2, 2]), 4)).rejects.toThrow(/classes 1, 3 have no example/);
  });
});
