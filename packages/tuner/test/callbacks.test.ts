import "@tensorflow/tfjs-backend-cpu";
import { adam, NonFiniteError, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { DataError, type FineTuneOptions, findLearningRate, fineTune } from "../src/index.ts";
import { assemble } from "../src/loop/assembly/assembly.ts";
import { convNet, mlp } from "./nets.ts";
import { distance, examples, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

let given: ReturnType<typeof examples>;
beforeEach(() => {
  given = examples([4]);
});

const options = (more: Partial<FineTuneOptions> = {}): FineTuneOptions => ({
  data: given,
  loss: "categoricalCrossentropy",
  trainable: "head",
  rule: sgd(),
  learningRate: 0.1,
  epochs: 4,
  batchSize: 8,
  ...more,
});

async function tuned(model: layers.LayersModel, more: Partial<FineTuneOptions>): ReturnType<typeof fineTune> {
  const result = await fineTune(model, options(more));
  result.restore();
  return result;
}

describe("early stopping", () => {
  it("ends after `patience` epochs and restores the weights of the best epoch", async () => {
    const validation = examples([4], 6);
    const model = mlp();
    const rising = (step: number) => (step < 6 ? 0.1 : 30);
    const { history, stopped } = await tuned(model, {
      validation,
      learningRate: rising,
      epochs: 20,
      earlyStopping: { patience: 2 },
    });
    const losses = history.val_loss as number[];
    const best = losses.indexOf(Math.min(...losses));
    expect(stopped).toBe("earlyStopping");
    expect(losses).toHaveLength(best + 3);
    const twin = mlp();
    await tuned(twin, { learningRate: rising, epochs: best + 1 });
    expect(weightsOf(model)).toEqual(weightsOf(twin));
  });

  it("lists the available keys before the first step if it monitors an unknown one", async () => {
    let steps = 0;
    const observers = [{ stepEnd: () => void steps++ }];
    const refused = (more: Partial<FineTuneOptions>, message: RegExp) =>
      expect(fineTune(mlp(), options({ observers, ...more }))).rejects.toThrow(message);
    await refused({ earlyStopping: { monitor: "val_acc" } }, /val_acc[\s\S]*produces loss;/);
    await refused(
      { earlyStopping: { monitor: "los" }, reduceOnPlateau: { monitor: "f1" }, validation: given, metrics: ["acc"] },
      /watches `los`[\s\S]*watches `f1`[\s\S]*produces loss, acc, val_loss, val_acc;/,
    );
    expect(steps).toBe(0);
    // The keys of a custom metric are known only after it has run.
    const own = { name: "own", update: () => tf.scalar(1), result: () => ({ first: 1, second: 2 }) };
    await refused({ earlyStopping: { monitor: "third" }, metrics: [own] }, /third[\s\S]*produces loss, first, second/);
    expect(steps).toBe(3);
    await refused({ earlyStopping: { monitor: "val_first" }, metrics: [own] }, /val_first/);
    expect(steps).toBe(3);
    const watched = { metrics: [own, "confusion"], earlyStopping: { monitor: "second" } } as const;
    await tuned(mlp(), { ...watched, reduceOnPlateau: { monitor: "confusion_0_1" } });
  });
});

describe("callbacks", () => {
  it("lowers the rate on a plateau", async () => {
    const rates: number[] = [];
    const observers = [{ stepEnd: ({ learningRate }: { learningRate: number }) => void rates.push(learningRate) }];
    await tuned(mlp(), {
      learningRate: 1e-9,
      epochs: 5,
      batchSize: 20,
      observers,
      reduceOnPlateau: { patience: 2, factor: 0.5 },
    });
    expect(rates).toEqual([1e-9, 1e-9, 1e-9, 5e-10, 5e-10]);
  });

  it("averages weights: decay 0 gives the run itself, otherwise a ← d·a + (1 − d)·w", async () => {
    const [plain, none, averaged] = [mlp(), mlp(), mlp()];
    const start = weightsOf(averaged)["head/kernel"] as number[];
    await tuned(plain, { epochs: 1, batchSize: 20 });
    await tuned(none, { epochs: 1, batchSize: 20, ema: { decay: 0 } });
    expect(weightsOf(none)).toEqual(weightsOf(plain));
    await tuned(averaged, { epochs: 1, batchSize: 20, ema: { decay: 0.75 } });
    const end = weightsOf(plain)["head/kernel"] as number[];
    const expected = start.map((w, i) => expect.closeTo(0.75 * w + 0.25 * (end[i] as number), 6));
    expect(weightsOf(averaged)["head/kernel"]).toEqual(expected);
  });

  it("accumulates: two batches of 5 equal one of 10, and class weights of 1 change nothing", async () => {
    const [whole, halves, weighted] = [mlp(), mlp(), mlp()];
    await tuned(whole, { batchSize: 10, shuffle: false });
    await tuned(halves, { batchSize: 5, accumulate: 2, shuffle: false });
    await tuned(weighted, { batchSize: 10, shuffle: false, classWeights: [1, 1, 1] });
    expect(distance(weightsOf(whole), weightsOf(halves))).toBeLessThan(1e-6);
    expect(weightsOf(weighted)).toEqual(weightsOf(whole));
    const uneven = mlp();
    await tuned(uneven, { batchSize: 10, shuffle: false, classWeights: [3, 0, 1] });
    expect(distance(weightsOf(whole), weightsOf(uneven))).toBeGreaterThan(1e-3);
  });

  it("unfreezes from an epoch on: the layer does not change before it, and the trunk shrinks", async () => {
    const model = mlp();
    const before = weightsOf(model);
    const unfreeze = [{ epoch: 2, trainable: "middle" }];
    const two = mlp();
    await tuned(two, { epochs: 2, unfreeze });
    expect(weightsOf(two)["middle/kernel"]).toEqual(before["middle/kernel"]);
    await tuned(model, { epochs: 3, unfreeze });
    expect(weightsOf(model)["middle/kernel"]).not.toEqual(before["middle/kernel"]);
    expect(weightsOf(model)["trunk/kernel"]).toEqual(before["trunk/kernel"]);
    const { phases, release, optimizer } = await assemble(mlp(), options({ epochs: 3, unfreeze }));
    expect(phases.map(({ from, cut }) => [from, cut.trunk.layers, cut.trunk.frontier])).toEqual([
      [0, 2, ["middle"]],
      [2, 1, ["trunk"]],
    ]);
    optimizer.dispose();
    release();
    // The two layers of the earlier trunk are no longer read from the cache.
    const uncached = mlp();
    await tuned(uncached, { epochs: 3, unfreeze, cache: false });
    expect(weightsOf(model)).toEqual(weightsOf(uncached));
  });
});

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe("the guard", () => {
  it("throws before the step is applied, and names the layer", async () => {
    const data = examples([8, 8, 2], 4);
    const bad = { xs: tf.mul(data.xs, tf.tensor4d([1, 1, 1, Number.NaN], [4, 1, 1, 1])), ys: data.ys };
    const model = convNet();
    const before = weightsOf(model);
    const start = tf.memory().numTensors;
    const run = fineTune(model, options({ data: bad, trainable: ["conv_1", "head"] }));
    await expect(run).rejects.toThrow(NonFiniteError);
    await expect(run).rejects.toThrow(/loss is NaN in step 0[\s\S]*cached output of `conv_0`/);
    expect(tf.memory().numTensors).toBe(start);
    expect(weightsOf(model)["conv_1/kernel"]).toEqual(before["conv_1/kernel"]);
  });

  it("skips bad steps and continues; rolls back weights and optimizer state", async () => {
    const data = examples([4], 20);
    const values = data.xs.dataSync().slice();
    values.fill(Number.NaN, 8 * 4, 9 * 4);
    const bad = { xs: tf.tensor2d(values, [20, 4]), ys: data.ys };
    for (const policy of ["skip", "rollback"] as const) {
      const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
      const model = mlp();
      const { steps, warnings } = await tuned(model, {
        data: bad,
        shuffle: false,
        rule: adam(),
        epochs: 2,
        batchSize: 4,
        guard: { policy },
      });
      expect(steps).toBe(8);
      expect(warnings).toHaveLength(2);
      expect(Object.values(weightsOf(model)).flat().every(Number.isFinite)).toBe(true);
      // Of five batches the third is bad. Skipped, it is as if it were not there; rolled back, as if none were before it, and
      // momentum neither: after the last one stand the fourth and the fifth alone.
      const rule = sgd({ momentum: 0.9 });
      const run = { shuffle: false, rule, batchSize: 4 };
      const [found, expected] = [mlp(), mlp()];
      await tuned(found, { ...run, data: bad, epochs: 2, guard: { policy } });
      const rows = policy === "skip" ? [...range(0, 8), ...range(12, 20)] : range(12, 20);
      const at = tf.tensor1d(rows, "int32");
      const good = { xs: tf.gather(data.xs, at), ys: tf.gather(data.ys, at) };
      await tuned(expected, { ...run, data: good, epochs: policy === "skip" ? 2 : 1 });
      expect(weightsOf(found), policy).toEqual(weightsOf(expected));
      warn.mockRestore();
    }
  });

  it("treats a jump of the loss as a bad step", async () => {
    let calls = 0;
    const jumping = (labels: tf.Tensor, predictions: tf.Tensor) =>
      tf.mul(++calls > 2 ? 1e4 : 1, tf.mean(tf.square(tf.sub(labels, predictions))));
    await expect(fineTune(mlp(), options({ loss: jumping, guard: { spike: 5 } }))).rejects.toThrow(/jumped to/);
  });
});

describe("bad input", () => {
  it("is refused before the first step, and the model is unchanged", async () => {
    const { xs, ys } = examples([4]);
    const numbers = tf.tensor1d([...Array.from({ length: 19 }, () => 0), 3]);
    const hot = tf.cast(ys, "float32");
    const cases: [Partial<FineTuneOptions>, RegExp][] = [
      [
        { data: { xs, ys: tf.mul(hot, 255) }, loss: "binaryCrossentropy" },
        /data.ys holds numbers from 0 to 255, and `binaryCrossentropy` takes numbers from 0 to 1/,
      ],
      [{ data: { xs, ys: tf.sub(hot, 1) } }, /from -1 to 0, and `categoricalCrossentropy`/],
      [{ data: { xs, ys: tf.mul(hot, 2) }, loss: "softmaxCrossEntropy" }, /from 0 to 2, and `softmaxCrossEntropy`/],
      [{ data: { xs, ys: tf.neg(hot) }, loss: "sigmoidCrossEntropy" }, /from -1 to/],
      [{ data: { xs, ys: tf.mul(hot, 3) }, loss: "hinge" }, /takes numbers from -1 to 1/],
      [{ data: { xs, ys: tf.neg(hot) }, loss: "poisson" }, /takes numbers ≥ 0/],
      [{ data: { xs, ys: tf.mul(hot, 3) }, loss: "kullbackLeiblerDivergence" }, /from 0 to 3/],
      [{ validation: { xs, ys: tf.mul(hot, 2) } }, /validation.ys holds numbers from 0 to 2/],
      [{ data: { xs, ys: numbers }, loss: "sparseCategoricalCrossentropy" }, /from 0 to 3.*classes 0 to 2/],
      [{ data: { xs: tf.zeros([20, 5]), ys } }, /\[20,5\], but the model takes \[any,4\]/],
      [{ data: { xs: tf.zeros([0, 4]), ys: tf.zeros([0, 3]) } }, /no example/],
      [{ data: [] }, /no example/],
      [{ trainable: "haed" }, /head/],
      [{ loss: ["hinge", "hinge"] }, /2 losses for 1 output/],
      [{ batchSize: 0, epochs: 1.5, seed: Number.NaN }, /epochs[\s\S]*batchSize[\s\S]*seed/],
      [
        { mixup: 0.4, data: { xs, ys: tf.argMax(ys, -1) }, loss: "sparseCategoricalCrossentropy" },
        /`mixup` mixes labels, but `sparseCategoricalCrossentropy` needs class indices/,
      ],
      [
        { batchsize: 3, cache: { precison: "float16" } } as Partial<FineTuneOptions>,
        /2 wrong[\s\S]*`batchsize` is not an option. Did you mean `batchSize`\?\n.*`cache.precison` is not an option. Did you mean `precision`\?/,
      ],
      [{ cache: { precision: "fp16" as "float16" } }, /`cache.precision` must be one of float32, float16, got "fp16"/],
      [
        { guard: { policy: "stop" as "skip", spike: -1, snapshotEvery: 0, patience: 0.5 } },
        /guard.policy` must be[\s\S]*"stop"[\s\S]*guard.spike` must be[\s\S]*-1[\s\S]*guard.snapshotEvery` must be[\s\S]*0[\s\S]*guard.patience` must be[\s\S]*0.5/,
      ],
      [
        { earlyStopping: { mode: "least" as "min", minDelta: Number.NaN } },
        /mode` must be[\s\S]*"least"[\s\S]*minDelta` must be a number, got NaN/,
      ],
      [{ reduceOnPlateau: { factor: 2, minFactor: 2, cooldown: -1 } }, /factor[\s\S]*minFactor[\s\S]*cooldown/],
      [{ classWeights: [1, -1, 1] }, /`classWeights.1` must be a number ≥ 0, got -1/],
      [{ metrics: ["top0", "topp"] as never }, /`metrics.0`.*"top0"[\s\S]*`metrics.1`.*"topp"/],
    ];
    for (const [more, message] of cases) {
      const model = mlp();
      const before = weightsOf(model);
      const start = tf.memory().numTensors;
      await expect(fineTune(model, options(more))).rejects.toThrow(message);
      expect(weightsOf(model)).toEqual(before);
      expect(tf.memory().numTensors).toBe(start);
    }
  });

  it("includes a batch of one example if there is batch norm on vectors", async () => {
    const { layers: L, ...rest } = await import("@tensorflow/tfjs-layers");
    const model = rest.sequential({
      layers: [L.batchNormalization({ inputShape: [4] }), L.dense({ units: 3, name: "head", activation: "softmax" })],
    });
    await expect(fineTune(model, options({ batchSize: 1 }))).rejects.toThrow(DataError);
    await expect(fineTune(model, options({ data: examples([4], 9), batchSize: 4 }))).rejects.toThrow(/last batch/);
  });
});

describe("findLearningRate", () => {
  it("suggests a rate between the ends and restores weights and memory", async () => {
    const model = mlp();
    const before = weightsOf(model);
    const start = tf.memory().numTensors;
    const { data, loss, trainable, rule, batchSize } = options();
    const curve = await findLearningRate(
      model,
      { data, loss, trainable, rule, batchSize: batchSize ?? 8 },
      { from: 1e-4, to: 100, steps: 60 },
    );
    expect(weightsOf(model)).toEqual(before);
    expect(tf.memory().numTensors).toBe(start);
    expect(curve.rates[0]).toBeCloseTo(1e-4, 10);
    expect(curve.suggestion).toBeGreaterThan(1e-4);
    expect(curve.suggestion).toBeLessThan(100);
  });
});
