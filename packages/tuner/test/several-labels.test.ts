import "@tensorflow/tfjs-backend-cpu";
import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { type FineTuneOptions, fineTune } from "../src/index.ts";
import oracle from "./several-labels-oracle.json" with { type: "json" };

beforeEach(() => tf.setBackend("cpu"));

const xs = tf.tensor2d(oracle.logits);
const ys = tf.tensor2d(oracle.truth);

/** Makes a model whose outputs are its inputs, through an activation. Weights do not change at a rate of 0. */
function identity(activation: "sigmoid" | "linear" | "softmax", wrap = false): layers.LayersModel {
  const dense = layers.layers.dense({
    units: 4,
    inputShape: [4],
    activation,
    useBias: false,
    kernelInitializer: "identity",
  });
  const inner = layers.sequential({ layers: [dense] });
  return wrap ? layers.sequential({ layers: [inner] }) : inner;
}

async function valuesOf(
  model: layers.LayersModel,
  more: Partial<FineTuneOptions> & Pick<FineTuneOptions, "loss">,
  labels: tf.Tensor = ys,
): Promise<Record<string, number>> {
  const data = { xs, ys: labels };
  const options = {
    trainable: "all",
    rule: sgd(),
    learningRate: 0,
    epochs: 1,
    batchSize: 7,
    validation: data,
  } as const;
  const { history, restore } = await fineTune(model, { data, ...options, ...more });
  restore();
  return Object.fromEntries(Object.entries(history).map(([key, [value]]) => [key, value as number]));
}

const near = (value: number, digits = 5): unknown => expect.closeTo(value, digits);

describe("outputs with several labels per example", () => {
  const setups = {
    "sigmoid under binaryCrossentropy": [() => identity("sigmoid"), "binaryCrossentropy"],
    "logits under sigmoidCrossEntropy": [() => identity("linear"), "sigmoidCrossEntropy"],
    "sigmoid under meanSquaredError": [() => identity("sigmoid"), "meanSquaredError"],
    "sigmoid of a nested model under a loss of the user": [
      () => identity("sigmoid", true),
      (labels: tf.Tensor, predictions: tf.Tensor) => tf.mean(tf.square(tf.sub(labels, predictions)), -1),
    ],
  } as const;
  for (const [name, [model, loss]] of Object.entries(setups)) {
    it(`have the metrics of Keras and scikit-learn: ${name}`, async () => {
      const got = await valuesOf(model(), { loss, metrics: ["accuracy", "f1", "auc", "confusion"] });
      for (const prefix of ["", "val_"]) {
        const at = (key: string): number | undefined => got[prefix + key];
        expect(at("acc")).toEqual(near(oracle.binaryAccuracy));
        expect(at("f1")).toEqual(near(oracle.f1.macro));
        expect(at("f1_macro")).toEqual(near(oracle.f1.macro));
        expect(at("f1_micro")).toEqual(near(oracle.f1.micro));
        oracle.f1.each.forEach((value, label) => {
          expect(at(`f1_${label}`)).toEqual(near(value));
        });
        expect(at("auc_macro")).toEqual(near(oracle.auc.macro, 3));
        expect(at("auc_micro")).toEqual(near(oracle.auc.micro, 3));
        expect(at("auc_macro")).toEqual(near(oracle.aucOfKeras.macro, 2));
        expect(at("auc_micro")).toEqual(near(oracle.aucOfKeras.micro, 2));
        oracle.auc.each.forEach((value, label) => {
          expect(at(`auc_${label}`)).toEqual(near(value, 2));
        });
        oracle.confusion.forEach((matrix, label) => {
          matrix.forEach((row, truth) => {
            row.forEach((count, predicted) => {
              expect(at(`confusion_${label}_${truth}_${predicted}`)).toBe(count);
            });
          });
        });
      }
    });
  }

  it("weigh the loss of each label by the weight of the label", async () => {
    for (const [activation, loss] of [
      ["sigmoid", "binaryCrossentropy"],
      ["linear", "sigmoidCrossEntropy"],
    ] as const) {
      const got = await valuesOf(identity(activation), { loss, classWeights: oracle.weights });
      expect(got.loss).toEqual(near(oracle.weightedLoss, 4));
    }
  });

  it("refuse top-k, and take averages and labels as monitors", async () => {
    const loss = "binaryCrossentropy";
    await expect(valuesOf(identity("sigmoid"), { loss, metrics: ["top3"] })).rejects.toThrow(
      /needs one label per example/,
    );
    for (const monitor of ["val_f1_micro", "val_auc_2", "val_confusion_0_1_1", "f1"])
      await valuesOf(identity("sigmoid"), { loss, metrics: ["f1", "auc", "confusion"], earlyStopping: { monitor } });
    await expect(
      valuesOf(identity("softmax"), {
        loss: "categoricalCrossentropy",
        metrics: ["f1"],
        earlyStopping: { monitor: "val_f1_micro" },
      }),
    ).rejects.toThrow(/watches `val_f1_micro`/);
  });
});

describe("outputs with one label per example", () => {
  const classes = [...Array(24).keys()].map((i) => (i * 7) % 4);
  const hot = tf.cast(tf.oneHot(tf.tensor1d(classes, "int32"), 4), "float32");
  const accuracy = classes.filter(
    (c, i) => (oracle.logits[i] ?? []).indexOf(Math.max(...(oracle.logits[i] ?? []))) === c,
  );

  it("keep one decision per example, also a softmax under binaryCrossentropy", async () => {
    const setups = [
      [identity("softmax"), "categoricalCrossentropy"],
      [identity("softmax"), "binaryCrossentropy"],
      [identity("sigmoid"), "categoricalCrossentropy"],
      [identity("linear"), "softmaxCrossEntropy"],
      [identity("linear"), "meanSquaredError"],
    ] as const;
    for (const [model, loss] of setups) {
      const got = await valuesOf(model, { loss, metrics: ["accuracy", "top3", "confusion"] }, hot);
      expect(got.acc).toEqual(near(accuracy.length / 24));
      expect(got).toHaveProperty("confusion_3_3");
      expect(got).not.toHaveProperty("f1_micro");
    }
  });

  it("have the mean area of all classes, each against the rest, for one-hot labels and indices", async () => {
    // Counted by hand over all pairs of a positive and a negative.
    const p = tf.softmax(xs).arraySync() as number[][];
    const areas = [0, 1, 2, 3].map((c) => {
      const of = (positive: boolean): number[] =>
        p.filter((_, i) => (classes[i] === c) === positive).map((row) => row[c] as number);
      const [positives, negatives] = [of(true), of(false)];
      const wins = positives.flatMap((a) => negatives.map((b): number => (a > b ? 1 : 0)));
      return wins.reduce((a, b) => a + b, 0) / wins.length;
    });
    const mean = areas.reduce((a, b) => a + b, 0) / 4;
    const indices = tf.tensor1d(classes, "int32");
    for (const [loss, labels] of [
      ["categoricalCrossentropy", hot],
      ["sparseCategoricalCrossentropy", indices],
    ] as const)
      expect((await valuesOf(identity("softmax"), { loss, metrics: ["auc"] }, labels)).auc).toEqual(near(mean, 2));
  });
});
