import "@tensorflow/tfjs-backend-cpu";
import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { lossOf } from "../../src/losses/loss.ts";
import { categoricalFocalCrossentropy } from "../../src/losses/focal.ts";
import { withSmoothedLabels } from "../../src/losses/label-smoothing.ts";
import type { LossName } from "../../src/losses/losses.ts";
import focal from "./focal-oracle.json" with { type: "json" };

const oracle = JSON.parse(readFileSync(new URL("smoothing-oracle.json", import.meta.url), "utf8")) as {
  readonly logits: number[][];
  readonly classes: number[];
  readonly several: number[][];
  readonly amounts: number[];
  readonly ofClasses: number[];
  readonly ofLabels: number[];
};

beforeAll(() => tf.setBackend("cpu"));

/** Mean loss over the oracle's batch with smoothed labels. */
function mean(name: LossName, amount: number): number {
  return tf.tidy(() => {
    const logits = tf.tensor2d(oracle.logits);
    const several = /binary|sigmoid/.test(name);
    const classes = tf.tensor1d(oracle.classes, "int32");
    const labels = several ? tf.tensor2d(oracle.several) : name.startsWith("sparse") ? classes : tf.oneHot(classes, 4);
    const probabilities = several ? tf.sigmoid(logits) : tf.softmax(logits);
    const predictions = /Crossentropy$/.test(name) ? probabilities : logits;
    const [loss] = withSmoothedLabels([lossOf(name)], amount);
    return tf.mean(loss?.(labels, predictions) as tf.Tensor).dataSync()[0] as number;
  });
}

describe("labels are smoothed as in PyTorch", () => {
  for (const [i, amount] of oracle.amounts.entries()) {
    it.each([
      "categoricalCrossentropy",
      "sparseCategoricalCrossentropy",
      "softmaxCrossEntropy",
      "sparseSoftmaxCrossEntropy",
    ] as const)(`%s, share ${amount}`, (name) => {
      expect(mean(name, amount)).toBeCloseTo(oracle.ofClasses[i] as number, 5);
    });
    it.each(["binaryCrossentropy", "sigmoidCrossEntropy"] as const)(`%s, share ${amount}`, (name) => {
      expect(mean(name, amount)).toBeCloseTo(oracle.ofLabels[i] as number, 5);
    });
  }

  it("refuses a loss without classes by name", () => {
    expect(() => withSmoothedLabels([lossOf("meanSquaredError")], 0.1)).toThrow(/`meanSquaredError`/);
  });
});

describe("focal loss", () => {
  it.each(focal.cases)("equals Keras's with γ $gamma and α $alpha", ({ gamma, alpha, loss }) => {
    const { compute } = categoricalFocalCrossentropy({ gamma, alpha });
    const found = compute(tf.tensor2d(focal.labels), tf.tensor2d(focal.probabilities)).dataSync();
    loss.forEach((value, i) => {
      expect(found[i]).toBeCloseTo(value, 5);
    });
  });
});
