import "@tensorflow/tfjs-backend-cpu";
import { wasmBackend } from "@graftjs/backend-wasm";
import { namedParams, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { fineTune, planFineTune } from "../src/index.ts";
import { seeded } from "../src/random/random.ts";
import { convNet, mlp } from "./nets.ts";
import { holding, randomNet } from "./random-nets.ts";
import { plain, sameAsStock } from "./same-as-stock.ts";
import { distance, examples, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

describe("the trunk", () => {
  it.each([
    ["cpu", 40],
    ["wasm", 12],
  ])("changes nothing on %s: %i random graphs with random frozen sets against stock layers", async (backend, count) => {
    if (backend === "wasm") await wasmBackend().init();
    expect(tf.getBackend()).toBe(backend);
    expect(await sameAsStock(count)).toBeGreaterThan(count / 2);
  });

  it("equals stock layers over 200 steps of a convolutional net on wasm", async () => {
    await wasmBackend().init();
    const [ours, stock] = [convNet(), convNet()];
    const { xs, ys } = examples([8, 8, 2], 12);
    const patch = holding((path) => path === "bn_0");
    const result = await fineTune(ours, {
      data: { xs, ys },
      loss: "categoricalCrossentropy",
      trainable: ["conv_1", "bn_1", "head"],
      patches: [patch],
      rule: sgd({ momentum: 0.9 }),
      learningRate: 0.02,
      epochs: 200,
      shuffle: false,
    });
    result.restore();
    expect(result.steps).toBe(200);
    expect(result.plan.trunk.layers).toBe(3);
    const { restore } = patch.apply(stock as never);
    const names = new Set(result.params.map(({ name }) => name));
    const losses = await plain(stock, names, { xs: [xs], ys }, 200, sgd({ momentum: 0.9 }), 0.02);
    restore();
    expect(losses.at(-1)).toBeLessThan(0.9 * (losses[0] as number));
    expect(Math.max(...losses.map((loss, i) => Math.abs(loss - (result.history.loss[i] as number))))).toBeLessThan(
      1e-6,
    );
    expect(distance(weightsOf(ours), weightsOf(stock))).toBeLessThan(1e-6);
  });

  it("ends before a subclass of a stock layer, with any class name, and runs its call", async () => {
    const Dense = layers.layers.dense({ units: 1 }).constructor as new (config: object) => layers.layers.Layer;
    class Doubled extends Dense {
      override call(inputs: tf.Tensor | tf.Tensor[], kwargs: object): tf.Tensor {
        return tf.mul(super.call(inputs, kwargs as never) as tf.Tensor, 2);
      }
    }
    class Same extends Doubled {
      static className = "Dense";
    }
    class Own extends Doubled {
      static className = "Own";
    }
    const data = examples([4], 12);
    const reasons = [];
    for (const make of [Doubled, Same, Own]) {
      const build = (): layers.LayersModel => {
        const [ones, kernelInitializer] = ["ones", layers.initializers.glorotNormal({ seed: 3 })];
        const first = layers.layers.dense({ units: 4, inputShape: [4], name: "first", kernelInitializer });
        const doubled = new make({ units: 4, name: "doubled", kernelInitializer: ones });
        const head = layers.layers.dense({ units: 3, activation: "softmax", name: "head", kernelInitializer });
        return layers.sequential({ layers: [first, doubled, head] });
      };
      const [ours, stock] = [build(), build()];
      const options = {
        data,
        loss: "categoricalCrossentropy",
        rule: sgd(),
        learningRate: 0.1,
        shuffle: false,
      } as const;
      const result = await fineTune(ours, { ...options, trainable: ["first", "head"], epochs: 3 });
      result.restore();
      const { trunk } = await planFineTune(ours, { ...options, trainable: "head", epochs: 1 }, { probe: false });
      reasons.push(...trunk.stops.map(({ path, why }) => `${path}: ${why}`));
      const names = new Set(["first/kernel", "first/bias", "head/kernel", "head/bias"]);
      const losses = await plain(stock, names, { xs: [data.xs], ys: data.ys }, 3, sgd(), 0.1);
      expect(Math.max(...losses.map((loss, i) => Math.abs(loss - (result.history.loss[i] as number))))).toBeLessThan(
        1e-6,
      );
    }
    expect(reasons).toEqual([
      "doubled: it is a subclass of Dense",
      "doubled: it is a subclass of Dense",
      "doubled: Own is not known to be deterministic",
    ]);
  });

  it("is bit-identical with and without the cache, also with dropout", async () => {
    for (let seed = 0; seed < 10; seed++) {
      const runs = [];
      for (const cache of ["memory", false] as const) {
        const model = randomNet(seeded("drop", seed), { randomLayers: true });
        const xs = [tf.randomNormal([9, 4], 0, 1, "float32", 21), tf.randomNormal([9, 4], 0, 1, "float32", 22)];
        const { restore, history } = await fineTune(model, {
          data: { xs, ys: examples([1], 9).ys },
          loss: "categoricalCrossentropy",
          trainable: "head",
          rule: sgd({ momentum: 0.9 }),
          learningRate: 0.05,
          epochs: 4,
          batchSize: 3,
          cache,
        });
        restore();
        runs.push({ weights: weightsOf(model), loss: history.loss });
      }
      expect(runs[0]).toEqual(runs[1]);
    }
  });

  it("ends before random, unfrozen, stateful or unknown layers, and gives the reason", async () => {
    const options = {
      loss: "categoricalCrossentropy",
      trainable: "head",
      rule: sgd(),
      learningRate: 0.1,
      epochs: 1,
    } as const;
    const stops = async (model: layers.LayersModel, shape: number[]) =>
      (await planFineTune(model, { ...options, data: examples(shape) })).trunk.stops;
    expect(await stops(convNet({ dropoutRate: 0.5 }), [8, 8, 2])).toEqual([
      { path: "bn_0", why: "batch norm in batch mode" },
    ]);
    const dropped = layers.sequential({
      layers: [
        layers.layers.dropout({ rate: 0.2, inputShape: [4], name: "drop" }),
        layers.layers.dense({ units: 3, name: "head", activation: "softmax" }),
      ],
    });
    expect(await stops(dropped, [4])).toEqual([{ path: "drop", why: "Dropout is random" }]);
    const replaced = mlp();
    const first = replaced.layers[0] as layers.layers.Layer;
    const former = first.call.bind(first);
    first.call = (inputs, kwargs) => former(inputs, kwargs);
    expect(await stops(replaced, [4])).toEqual([{ path: "trunk", why: "its call was replaced" }]);
    const cheaper = { name: "cheaper", apply: () => ({ pure: ["trunk"], restore: () => {} }) };
    const { trunk } = await planFineTune(replaced, { ...options, patches: [cheaper], data: examples([4]) });
    expect(trunk.stops).toEqual([{ path: "head", why: "trained" }]);
  });

  it("computes no gradient for the kernel of a frozen convolution after the cut", async () => {
    const model = convNet();
    const data = examples([8, 8, 2], 4);
    const kernels: string[] = [];
    const profiled = await tf.profile(async () => {
      const { restore } = await fineTune(model, {
        data,
        loss: "categoricalCrossentropy",
        trainable: ["bn_0", "head"],
        rule: sgd(),
        learningRate: 0.1,
        epochs: 1,
      });
      restore();
      return tf.scalar(0);
    });
    kernels.push(...profiled.kernels.map(({ name }) => name));
    expect(kernels).toContain("Conv2DBackpropInput");
    expect(kernels).not.toContain("Conv2DBackpropFilter");
  });

  it("passes masks across the cut", async () => {
    const make = () =>
      layers.sequential({
        layers: [
          layers.layers.embedding({
            inputDim: 10,
            outputDim: 4,
            maskZero: true,
            inputLength: 5,
            name: "words",
            embeddingsInitializer: layers.initializers.randomNormal({ seed: 9 }),
          }),
          layers.layers.lstm({
            units: 3,
            name: "lstm",
            kernelInitializer: layers.initializers.glorotNormal({ seed: 2 }),
            recurrentInitializer: layers.initializers.glorotNormal({ seed: 3 }),
          }),
          layers.layers.dense({
            units: 3,
            activation: "softmax",
            name: "head",
            kernelInitializer: layers.initializers.glorotNormal({ seed: 4 }),
          }),
        ],
      });
    const xs = tf.tensor2d(
      [
        [1, 2, 0, 0, 0],
        [3, 4, 5, 0, 0],
        [6, 7, 8, 9, 1],
      ],
      [3, 5],
      "int32",
    );
    const { ys } = examples([1], 3);
    const [ours, stock] = [make(), make()];
    const { restore, plan: made } = await fineTune(ours, {
      data: { xs, ys },
      loss: "categoricalCrossentropy",
      trainable: ["lstm", "head"],
      rule: sgd({ momentum: 0.9 }),
      learningRate: 0.05,
      epochs: 5,
      shuffle: false,
    });
    restore();
    expect(made.trunk.frontier).toEqual(["words"]);
    const names = new Set(
      namedParams(stock)
        .filter(({ layer }) => layer !== "words")
        .map(({ name }) => name),
    );
    await plain(stock, names, { xs: [xs], ys }, 5);
    expect(distance(weightsOf(ours), weightsOf(stock))).toBeLessThan(1e-6);
  });
});
