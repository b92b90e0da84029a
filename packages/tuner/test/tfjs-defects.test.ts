/** Defects of stock TensorFlow.js 4.22: each test shows one there, and its absence with Graft. The backend is cpu. */
import "@tensorflow/tfjs-backend-cpu";
import { adam, HookedOptimizer, loadState, namedParams, saveState, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { fineTune, saveModel } from "../src/index.ts";
import { examples, mapStore, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

const L = tfl.layers;
const dense = (config: object = {}): tfl.LayersModel =>
  tfl.sequential({
    layers: [
      L.dense({ units: 3, inputShape: [4], activation: "softmax", name: "head", kernelInitializer: "ones", ...config }),
    ],
  });
const recipe = {
  loss: "categoricalCrossentropy",
  trainable: "all",
  rule: sgd(),
  learningRate: 0.1,
  epochs: 1,
} as const;

describe("stock optimizers keep state by place", () => {
  /** The loss whose gradients are 100 and 1. */
  const lossOf = (a: tf.Variable, b: tf.Variable) => (): tf.Scalar => tf.add(tf.mul(a, 100), b) as tf.Scalar;
  const pair = (): [tf.Variable, tf.Variable] => [tf.variable(tf.scalar(0)), tf.variable(tf.scalar(0))];

  it("so a momentum crosses to another weight when one is frozen", () => {
    const [a, b] = pair();
    const stock = tf.train.momentum(0.1, 0.9);
    stock.minimize(lossOf(a, b), false, [a, b]);
    const before = b.dataSync()[0] as number;
    stock.minimize(lossOf(a, b), false, [b]);
    // The velocity of `a` is 100: 0.1 · (0.9 · 100 + 1) = 9.1.
    expect((b.dataSync()[0] as number) - before).toBeCloseTo(-9.1, 4);

    const [c, d] = pair();
    const graft = new HookedOptimizer({
      params: namedParams({ "a/kernel": c, "b/kernel": d }),
      rule: sgd({ momentum: 0.9 }),
      learningRate: 0.1,
    });
    graft.minimize(lossOf(c, d));
    graft.freeze("a/kernel");
    graft.minimize(lossOf(c, d));
    // By hand: −0.1 · 1, then −0.1 · (0.9 · 1 + 1).
    expect(d.dataSync()[0]).toBeCloseTo(-0.29, 6);
    expect(c.dataSync()[0]).toBeCloseTo(-10, 5);
  });

  it("and take every variable of the page if they get no list", () => {
    const [mine, other] = pair();
    const stock = tf.train.sgd(1);
    stock.minimize(lossOf(mine, other));
    expect(other.dataSync()[0]).toBe(-1);
    const graft = new HookedOptimizer({ params: namedParams({ "mine/kernel": mine }), rule: sgd(), learningRate: 1 });
    graft.minimize(lossOf(mine, other));
    expect(other.dataSync()[0]).toBe(-1);
  });

  it("and leave a tensor when they are disposed", () => {
    const [a, b] = pair();
    const start = tf.memory().numTensors;
    const stock = tf.train.momentum(0.1, 0.9);
    stock.minimize(lossOf(a, b), false, [a, b]);
    stock.dispose();
    expect(tf.memory().numTensors).toBeGreaterThan(start);
    const before = tf.memory().numTensors;
    const graft = new HookedOptimizer({
      params: namedParams({ "a/kernel": a, "b/kernel": b }),
      rule: sgd({ momentum: 0.9 }),
      learningRate: 0.1,
    });
    graft.minimize(lossOf(a, b));
    graft.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it("stock Adam continues inexactly from its saved state, and saved state of Adamax does not exist", async () => {
  const target = tf.linspace(-1, 1, 64);
  const steps = (optimizer: tf.Optimizer, w: tf.Variable, n: number): void => {
    for (let i = 0; i < n; i++) optimizer.minimize(() => tf.sum(tf.square(tf.sub(w, target))) as tf.Scalar, false, [w]);
  };
  const run = async (resumed: boolean): Promise<Float32Array> => {
    const w = tf.variable(tf.zeros([64]));
    let optimizer = tf.train.adam(0.01);
    steps(optimizer, w, 50);
    if (resumed) {
      const saved = await optimizer.getWeights();
      optimizer = tf.train.adam(0.01);
      await optimizer.setWeights(saved);
    }
    steps(optimizer, w, 50);
    return w.dataSync() as Float32Array;
  };
  expect(await run(true)).not.toEqual(await run(false));
  await expect(tf.train.adamax(0.01).getWeights()).rejects.toThrow("getWeights() is not implemented");

  const graft = async (resumed: boolean): Promise<Float32Array> => {
    const w = tf.variable(tf.zeros([64]));
    const make = () =>
      new HookedOptimizer({ params: namedParams({ "w/kernel": w }), rule: adam(), learningRate: 0.01 });
    let optimizer = make();
    steps(optimizer, w, 50);
    if (resumed) {
      const saved = await saveState(optimizer);
      optimizer = make();
      loadState(optimizer, saved);
    }
    steps(optimizer, w, 50);
    return w.dataSync() as Float32Array;
  };
  expect(await graft(true)).toEqual(await graft(false));
});

it("stock fit ignores the constraint of a kernel", async () => {
  const data = examples([4]);
  const config = { kernelConstraint: "nonNeg", kernelInitializer: "zeros" };
  const least = (model: tfl.LayersModel): number => Math.min(...(weightsOf(model)["head/kernel"] as number[]));
  const stock = dense(config);
  stock.compile({ optimizer: tf.train.sgd(0.5), loss: "categoricalCrossentropy" });
  await stock.fit(data.xs, data.ys, { epochs: 2, shuffle: false, verbose: 0 });
  expect(least(stock)).toBeLessThan(-0.01);
  const graft = dense(config);
  (await fineTune(graft, { ...recipe, data, learningRate: 0.5, epochs: 2, shuffle: false })).restore();
  expect(least(graft)).toBe(0);
});

it("stock fit has no seed for its order of examples", async () => {
  const data = examples([4], 20);
  const stock = async (): Promise<Record<string, number[]>> => {
    const model = dense();
    model.compile({ optimizer: tf.train.sgd(0.5), loss: "categoricalCrossentropy" });
    await model.fit(data.xs, data.ys, { epochs: 1, batchSize: 2, verbose: 0 });
    return weightsOf(model);
  };
  // 20 examples have 20!/2^10 orders of pairs: two runs are equal once in 10^15.
  expect(await stock()).not.toEqual(await stock());
  const graft = async (seed: number): Promise<Record<string, number[]>> => {
    const model = dense();
    (await fineTune(model, { ...recipe, data, batchSize: 2, seed })).restore();
    return weightsOf(model);
  };
  expect(await graft(0)).toEqual(await graft(0));
  expect(await graft(0)).not.toEqual(await graft(1));
});

it("stock fit takes a step with a gradient that is NaN", async () => {
  const { ys } = examples([4], 4);
  const xs = tf.fill([4, 4], Number.NaN);
  const stock = dense();
  stock.compile({ optimizer: tf.train.sgd(0.1), loss: "categoricalCrossentropy" });
  await stock.fit(xs, ys, { epochs: 1, verbose: 0 });
  expect(weightsOf(stock)["head/kernel"]?.every(Number.isNaN)).toBe(true);
  const graft = dense();
  const before = weightsOf(graft);
  await expect(fineTune(graft, { ...recipe, data: { xs, ys } })).rejects.toThrow();
  expect(weightsOf(graft)).toEqual(before);
});

it("stock save with the optimizer leaves a tensor behind", async () => {
  const model = dense();
  model.compile({ optimizer: tf.train.adam(0.1), loss: "categoricalCrossentropy" });
  const data = examples([4]);
  await model.fit(data.xs, data.ys, { epochs: 1, verbose: 0 });
  const handler: tf.io.IOHandler = {
    save: async () => ({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } }),
  };
  const start = tf.memory().numTensors;
  await model.save(handler, { includeOptimizer: true });
  expect(tf.memory().numTensors).toBeGreaterThan(start);
  const before = tf.memory().numTensors;
  await saveModel(model, mapStore());
  expect(tf.memory().numTensors).toBe(before);
});

it("stock fit keeps tensors in every step of a stateful layer", async () => {
  const recurrent = (): tfl.LayersModel =>
    tfl.sequential({
      layers: [
        L.simpleRNN({ units: 2, recurrentInitializer: "ones", stateful: true, batchInputShape: [4, 3, 2] }),
        L.dense({ units: 3, activation: "softmax", name: "head" }),
      ],
    });
  const data = examples([3, 2], 16);
  const stock = recurrent();
  stock.compile({ optimizer: tf.train.sgd(0.1), loss: "categoricalCrossentropy" });
  const fit = async (): Promise<number> => {
    await stock.fit(data.xs, data.ys, { batchSize: 4, epochs: 1, shuffle: false, verbose: 0 });
    return tf.memory().numTensors;
  };
  const first = await fit();
  expect((await fit()) - first).toBeGreaterThanOrEqual(4);
  const graft = recurrent();
  const tune = async (): Promise<number> => {
    (await fineTune(graft, { ...recipe, data, batchSize: 4, shuffle: false })).restore();
    return tf.memory().numTensors;
  };
  const before = await tune();
  expect(await tune()).toBe(before);
});
