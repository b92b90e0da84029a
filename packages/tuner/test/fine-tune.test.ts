import "@tensorflow/tfjs-backend-cpu";
import { gradientDescent, HookedOptimizer, namedParams, namedWeights, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { applyDelta, fineTune, formatPlan, planFineTune, progress, saveDelta } from "../src/index.ts";
import { convNet, mlp } from "./nets.ts";

beforeEach(() => tf.setBackend("cpu"));

function examples(shape: number[], n = 20, classes = 3): { xs: tf.Tensor; ys: tf.Tensor } {
  const xs = tf.randomNormal([n, ...shape], 0, 1, "float32", 5);
  const ys = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: n }, (_, i) => i % classes),
      "int32",
    ),
    classes,
  );
  return { xs, ys };
}

function weightsOf(model: layers.LayersModel): Record<string, number[]> {
  return Object.fromEntries(namedWeights(model).map(({ name, variable }) => [name, [...variable.dataSync()]]));
}

describe("fineTune", () => {
  it("equals stock fit without shuffling, head only, and leaks nothing", async () => {
    const data = examples([4]);
    const [ours, stock] = [mlp(), mlp()];
    const start = tf.memory().numTensors;
    const result = await fineTune(ours, {
      data,
      loss: "categoricalCrossentropy",
      trainable: "head",
      rule: sgd({ momentum: 0.9 }),
      learningRate: 0.1,
      epochs: 3,
      batchSize: 8,
      shuffle: false,
      metrics: ["accuracy"],
    });
    result.restore();
    expect(tf.memory().numTensors).toBe(start);
    const params = namedParams(stock).filter(({ layer }) => layer === "head");
    const optimizer = new HookedOptimizer({ params, rule: sgd({ momentum: 0.9 }), learningRate: 0.1 });
    for (const layer of stock.layers.slice(0, 2)) layer.trainable = false;
    stock.compile({ optimizer, loss: "categoricalCrossentropy", metrics: ["accuracy"] });
    const { history } = await stock.fit(data.xs, data.ys, { epochs: 3, batchSize: 8, shuffle: false });
    expect(result.history.loss.map((x, i) => Math.abs(x - (history.loss?.[i] as number)) < 1e-6)).toEqual([
      true,
      true,
      true,
    ]);
    expect(result.history.acc).toEqual(history.acc?.map((x) => expect.closeTo(x as number, 6)));
    const a = weightsOf(ours);
    for (const [name, values] of Object.entries(weightsOf(stock))) {
      expect(a[name]).toEqual(values.map((value) => expect.closeTo(value, 6)));
    }
    expect(result.plan.trunk.layers).toBe(2);
    expect(result.plan.cache.bytes).toBe(20 * 6 * 4);
  });

  it("gives the same losses and weights with and without the cache, with dropout and batch norm", async () => {
    const data = examples([8, 8, 2]);
    const runs = [];
    for (const cache of ["memory", false] as const) {
      const model = convNet({ dropoutRate: 0.3 });
      const options = {
        data,
        loss: "categoricalCrossentropy",
        trainable: { include: ["conv_1/**", "head/**"] },
        rule: gradientDescent(),
        learningRate: 0.1,
        epochs: 3,
        batchSize: 8,
        cache,
      } as const;
      const result = await fineTune(model, options);
      runs.push({ loss: result.history.loss, weights: weightsOf(model), trunk: result.plan.trunk });
      result.restore();
    }
    expect(runs[0]?.trunk.layers).toBe(1);
    expect(runs[0]?.trunk.stops).toEqual([{ path: "bn_0", why: "batch norm in batch mode" }]);
    expect(runs[1]).toEqual({ ...runs[0] });
  });

  it("plans without changing the model", async () => {
    const model = convNet();
    const data = examples([8, 8, 2]);
    const start = tf.memory().numTensors;
    const options = {
      data,
      loss: "categoricalCrossentropy",
      trainable: "head",
      rule: sgd(),
      learningRate: 0.1,
      epochs: 2,
    } as const;
    const before = weightsOf(model);
    const made = await planFineTune(model, options, { limit: 1e9 });
    expect(weightsOf(model)).toEqual(before);
    const text = formatPlan(made);
    expect(text).toMatch(/time +about .* s per epoch/);
    expect(text).toContain("fits 1.00 GB");
    expect(text).toContain("1 of 8 layers");
    expect(text).toContain("bn_0 (batch norm in batch mode)");
    expect(tf.memory().numTensors).toBe(start);
    const { restore, peakBytes } = await fineTune(model, options);
    restore();
    expect(Math.abs((made.predicted?.peakBytes ?? 0) / peakBytes - 1)).toBeLessThan(0.1);
  });

  it("saves a delta that a fresh base accepts and another base refuses", async () => {
    const data = examples([4]);
    const model = mlp();
    const result = await fineTune(model, {
      data,
      loss: "categoricalCrossentropy",
      trainable: "head",
      rule: sgd(),
      learningRate: 0.1,
      epochs: 1,
      observers: [progress({ stream: { write: () => {} } })],
    });
    const bytes = await saveDelta(model, result, { recipe: { rule: "sgd" } });
    const fresh = mlp();
    applyDelta(fresh, bytes);
    expect(weightsOf(fresh)).toEqual(weightsOf(model));
    applyDelta(fresh, bytes);
    expect(weightsOf(fresh)).toEqual(weightsOf(model));
    fresh.layers[0]?.setWeights([tf.ones([4, 8]), tf.zeros([8])]);
    expect(() => applyDelta(fresh, bytes)).toThrow(/another base/);
    expect(() => applyDelta(mlp({ classes: 4 }), bytes)).toThrow(/another model/);
  });

  it("reports all problems before the first step", async () => {
    const data = examples([4]);
    const bad = { xs: data.xs, ys: tf.tensor1d([0, 1, 7]) };
    const base = { trainable: "head", rule: sgd(), learningRate: 0.1 } as const;
    await expect(
      fineTune(mlp(), { ...base, data, loss: "categoricalCrossentrpy" as "hinge", epochs: 0 }),
    ).rejects.toThrow(/categoricalCrossentropy[\s\S]*epochs/);
    await expect(
      fineTune(mlp(), { ...base, data: bad, loss: "sparseCategoricalCrossentropy", epochs: 1 }),
    ).rejects.toThrow(/ys.*3 examples.*20/);
    await expect(fineTune(mlp(), { ...base, data, loss: "sparseCategoricalCrossentropy", epochs: 1 })).rejects.toThrow(
      /one class number/,
    );
  });
});
