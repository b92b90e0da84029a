import "@tensorflow/tfjs-backend-cpu";
import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DataError, type FineTuneOptions, fineTune } from "../src/index.ts";
import { memoryStore } from "../src/pipeline/cache/feature-store.ts";
import { mlp } from "./nets.ts";
import { examples } from "./support.ts";

beforeEach(async () => {
  await tf.setBackend("cpu");
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => vi.restoreAllMocks());

const options = (more: Partial<FineTuneOptions>): FineTuneOptions => ({
  data: examples([4]),
  loss: "softmaxCrossEntropy",
  trainable: "head",
  rule: sgd(),
  learningRate: 0.1,
  epochs: 6,
  batchSize: 5,
  ...more,
});

describe("a NaN in the validation", () => {
  /** Validation data whose example 12 is NaN. */
  function spoilt() {
    const { xs, ys } = examples([4]);
    const values = xs.dataSync().slice();
    values[12 * 4 + 1] = Number.NaN;
    return { xs: tf.tensor(values, [20, 4]), ys };
  }

  it("is named once with its examples, and ends neither the run nor early stopping", async () => {
    const { restore, history, stopped, warnings } = await fineTune(
      mlp(),
      options({ validation: spoilt(), earlyStopping: { patience: 1 }, reduceOnPlateau: { patience: 1 } }),
    );
    restore();
    expect(history.val_loss).toHaveLength(6);
    expect(history.val_loss?.every(Number.isNaN)).toBe(true);
    expect(stopped).toBeUndefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /after epoch 1 gave `val_loss = NaN`\. The first are the examples 10 to 14 of the validation data/,
    );
  });

  it("does not hide a later improvement, and does not count against patience", async () => {
    const { earlyStopping } = await import("../src/callbacks/early-stopping.ts");
    const callback = earlyStopping({ patience: 2 });
    const run = { validates: true, readWeights: async () => new Map(), writeWeights: () => {} };
    await callback.runStart?.(run as never);
    const ended: unknown[] = [];
    for (const [epoch, value] of [1, Number.NaN, 2, Number.NaN, Number.NaN, 0.5, 0.6, Number.NaN, 0.7].entries()) {
      ended.push(await callback.epochEnd?.(epoch, { val_loss: value }));
    }
    expect(ended.indexOf("stop")).toBe(8);
  });
});

describe("a float16 cache that overflows", () => {
  it("names `precision` and the value", async () => {
    const store = memoryStore(2, "float16");
    const fits = tf.tensor2d([[65504], [-65504]]);
    await store.write(0, [{ tensor: fits, mask: null }]);
    const [read] = await store.read(Int32Array.of(0, 1));
    expect([...(read?.tensor.dataSync() ?? [])]).toEqual([65504, -65504]);
    const large = tf.tensor2d([[70000], [1]]);
    await expect(store.write(0, [{ tensor: large, mask: null }])).rejects.toThrow(DataError);
    await expect(store.write(0, [{ tensor: large, mask: null }])).rejects.toThrow(
      /70000.*65504[\s\S]*precision: "float32"/,
    );
    const infinite = tf.tensor2d([[Number.POSITIVE_INFINITY], [1]]);
    await store.write(0, [{ tensor: infinite, mask: null }]);
  });

  it("ends a run before its first step", async () => {
    const { xs, ys } = examples([4]);
    const run = options({ data: { xs: tf.mul(xs, 1e6), ys }, cache: { precision: "float16" } });
    const model = layers.sequential({
      layers: [
        layers.layers.dense({ name: "trunk", units: 5, inputShape: [4], activation: "relu" }),
        layers.layers.dense({ name: "head", units: 3 }),
      ],
    });
    await expect(fineTune(model, run)).rejects.toThrow(/precision: "float32"/);
  });
});
