import "@tensorflow/tfjs-backend-cpu";
import { type AnyCombiner, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as dataset from "@tensorflow/tfjs-data";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { type FineTuneOptions, fineTune, replaceHead } from "../src/index.ts";
import { convNet, mlp } from "./nets.ts";
import { distance, examples, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

const options = (more: Partial<FineTuneOptions> & Pick<FineTuneOptions, "data">): FineTuneOptions => ({
  loss: "categoricalCrossentropy",
  trainable: "head",
  rule: sgd({ momentum: 0.9 }),
  learningRate: 0.1,
  epochs: 3,
  batchSize: 8,
  ...more,
});

describe("replaceHead", () => {
  it("puts a seeded dense head on the trunk and shares the layers", async () => {
    const base = convNet();
    const [a, b] = [replaceHead(base, { units: 5, name: "new" }), replaceHead(base, { units: 5, name: "new" })];
    expect(a.outputs[0]?.shape).toEqual([null, 5]);
    expect(a.name).toBe(base.name);
    expect(weightsOf(a)).toEqual(weightsOf(b));
    expect(a.getLayer("conv_0")).toBe(base.getLayer("conv_0"));
    expect(
      replaceHead(base, { units: 2, after: "relu_0", name: "early" }).layers.map(({ name }) => name),
    ).not.toContain("conv_1");
    expect(() => replaceHead(base, { units: 2, after: "relu_9" })).toThrow(/Did you mean `relu_[01]`/);
    expect(() => replaceHead(base, { units: 0 })).toThrow(/units/);
    const { restore, plan } = await fineTune(a, options({ data: examples([8, 8, 2], 10, 5), trainable: "new" }));
    restore();
    expect(plan.parameters.names).toEqual(["new/kernel", "new/bias"]);
  });

  it("averages features over all of space, for any number of axes", () => {
    for (const [shape, first] of [
      [[4, 3], layers.layers.activation({ activation: "linear", inputShape: [4, 3], name: "f" })],
      [[2, 4, 3], layers.layers.activation({ activation: "linear", inputShape: [2, 4, 3], name: "f" })],
      [[2, 2, 4, 3], layers.layers.activation({ activation: "linear", inputShape: [2, 2, 4, 3], name: "f" })],
    ] as const) {
      const made = replaceHead(layers.sequential({ layers: [first] }), { units: 3, after: "f", activation: "linear" });
      made.getLayer("head").setWeights([tf.eye(3), tf.zeros([3])]);
      const xs = tf.randomNormal([2, ...shape], 0, 1, "float32", 5);
      const mean = tf.mean(tf.reshape(xs, [2, -1, 3]), 1);
      expect([...(made.predict(xs) as tf.Tensor).dataSync()]).toEqual(
        [...mean.dataSync()].map((value) => expect.closeTo(value, 5)),
      );
    }
  });

  it("reads a shared layer at all of its last applications", () => {
    const [a, b] = [layers.input({ shape: [3] }), layers.input({ shape: [3] })];
    const shared = layers.layers.dense({ units: 3, name: "f", kernelInitializer: "identity" });
    const of = (value: layers.SymbolicTensor) => shared.apply(value) as layers.SymbolicTensor;
    const sum = layers.layers.add({ name: "sum" }).apply([of(a), of(b)]) as layers.SymbolicTensor;
    const siamese = replaceHead(layers.model({ inputs: [a, b], outputs: sum }), { units: 2, after: "f" });
    // Both branches are side by side: 6 features.
    expect(siamese.getLayer("head").getWeights()[0]?.shape).toEqual([6, 2]);
    expect(siamese.inputs).toHaveLength(2);
    const c = layers.input({ shape: [3] });
    const chain = replaceHead(layers.model({ inputs: c, outputs: of(of(of(c))) }), { units: 2, after: "f" });
    // The last step of the chain.
    expect(chain.getLayer("head").getWeights()[0]?.shape).toEqual([3, 2]);
    shared.setWeights([tf.mul(tf.eye(3), 2), tf.zeros([3])]);
    chain.getLayer("head").setWeights([tf.ones([3, 2]), tf.zeros([2])]);
    const [p] = (chain.predict(tf.tensor2d([[0.1, 0.2, 0.3]])) as tf.Tensor).dataSync();
    // A softmax of two equal numbers.
    expect(p).toBeCloseTo(0.5, 5);
    const flat = replaceHead(chain, { units: 1, after: "f", activation: "linear", name: "flat" });
    flat.getLayer("flat").setWeights([tf.ones([3, 1]), tf.zeros([1])]);
    // 2³ times the sum of the inputs.
    expect((flat.predict(tf.tensor2d([[0.1, 0.2, 0.3]])) as tf.Tensor).dataSync()[0]).toBeCloseTo(4.8, 5);
  });

  it("drops the other outputs of a model, and the layers that only they need", () => {
    const input = layers.input({ shape: [4] });
    const body = layers.layers.dense({ units: 5, name: "body" }).apply(input) as layers.SymbolicTensor;
    const heads = ["a", "b"].map(
      (name) => layers.layers.dense({ units: 2, name }).apply(body) as layers.SymbolicTensor,
    );
    const base = layers.model({ inputs: input, outputs: heads });
    const made = replaceHead(base, { units: 3, after: "body" });
    expect(made.outputs.map(({ shape }) => shape)).toEqual([[null, 3]]);
    expect(made.layers.map(({ name }) => name).slice(1)).toEqual(["body", "head"]);
  });
});

describe("several inputs and outputs", () => {
  it("takes data by name and sums the losses and regularizers as fit does", async () => {
    const make = (): layers.LayersModel => {
      const [a, b] = ["a", "b"].map((name) => layers.input({ shape: [3], name })) as [
        layers.SymbolicTensor,
        layers.SymbolicTensor,
      ];
      const init = (seed: number) => layers.initializers.glorotNormal({ seed });
      const joined = layers.layers.concatenate().apply([a, b]) as layers.SymbolicTensor;
      const hidden = layers.layers
        .dense({
          units: 4,
          name: "hidden",
          kernelInitializer: init(1),
          kernelRegularizer: layers.regularizers.l2({ l2: 0.1 }),
        })
        .apply(joined);
      const heads = ["left", "right"].map((name, i) =>
        layers.layers.dense({ units: 2, name, kernelInitializer: init(i + 2) }).apply(hidden),
      ) as layers.SymbolicTensor[];
      return layers.model({ inputs: [a, b], outputs: heads });
    };
    const xs = { b: tf.randomNormal([10, 3], 0, 1, "float32", 2), a: tf.randomNormal([10, 3], 0, 1, "float32", 1) };
    const ys = {
      left: tf.randomNormal([10, 2], 0, 1, "float32", 3),
      right: tf.randomNormal([10, 2], 0, 1, "float32", 4),
    };
    const [ours, stock] = [make(), make()];
    const result = await fineTune(
      ours,
      options({
        data: { xs, ys },
        validation: { xs, ys },
        trainable: "all",
        rule: sgd(),
        loss: "meanSquaredError",
        shuffle: false,
        // The last batch of an epoch is shorter.
        batchSize: 4,
        metrics: ["mae"],
      }),
    );
    result.restore();
    stock.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError", metrics: ["mae"] });
    const labels = [ys.left, ys.right];
    const { history } = await stock.fit([xs.a, xs.b], labels, {
      ...{ epochs: 3, batchSize: 4, shuffle: false, validationData: [[xs.a, xs.b], labels] },
    });
    expect(Object.keys(result.history).sort()).toEqual(["epoch", ...Object.keys(history)].sort());
    for (const [key, values] of Object.entries(result.history)) {
      // In validation, tfjs reports running sums of the outputs' losses under names shifted by one.
      if (key === "epoch" || key.startsWith("val_")) continue;
      expect(values, key).toEqual(history[key]?.map((value) => expect.closeTo(value as number, 5)));
    }
    expect(distance(weightsOf(ours), weightsOf(stock))).toBeLessThan(1e-6);
    const predicted = ours.predict([xs.a, xs.b]) as tf.Tensor[];
    const squares = labels.map((y, i) => tf.losses.meanSquaredError(y, predicted[i] as tf.Tensor).dataSync()[0]);
    expect(result.history.val_left_loss?.[2]).toBeCloseTo(squares[0] as number, 5);
    expect(result.history.val_right_loss?.[2]).toBeCloseTo(squares[1] as number, 5);
    expect(Object.keys(result.history).slice(0, 6)).toEqual([
      ...["epoch", "loss", "left_loss", "right_loss", "left_mae", "right_mae"],
    ]);
    const sum: AnyCombiner = {
      name: "sum",
      init: () => null,
      weigh: (_, tasks) => ({ weights: Float64Array.from(tasks, () => 1), state: null }),
    };
    const combined = make();
    const start = tf.memory().numTensors;
    const more = { trainable: "all", rule: sgd(), loss: "meanSquaredError", shuffle: false, batchSize: 4 } as const;
    const merged = await fineTune(combined, options({ data: { xs, ys }, ...more, combiner: sum }));
    merged.restore();
    expect(tf.memory().numTensors).toBe(start);
    for (const key of ["loss", "left_loss", "right_loss"])
      expect(merged.history[key], key).toEqual(history[key]?.map((value) => expect.closeTo(value as number, 5)));
    const arrays = {
      xs: { a: xs.a.arraySync() as number[][], b: { values: xs.b.dataSync() as Float32Array, shape: [10, 3] } },
      ys: { left: ys.left.arraySync() as number[][], right: ys.right },
    };
    const rows = Array.from({ length: 10 }, (_, i) => ({
      xs: { a: arrays.xs.a[i] as number[], b: (xs.b.arraySync() as number[][])[i] as number[] },
      ys: { left: arrays.ys.left[i] as number[], right: (ys.right.arraySync() as number[][])[i] as number[] },
    }));
    for (const data of [arrays, rows, { stream: rows }]) {
      const model = make();
      const start = tf.memory().numTensors;
      const again = await fineTune(model, options({ data, ...more }));
      again.restore();
      expect(tf.memory().numTensors).toBe(start);
      expect(again.history.left_loss).toEqual(merged.history.left_loss?.map((value) => expect.closeTo(value, 6)));
    }
    for (const [data, message] of [
      [
        { ...arrays, xs: { a: [[1, 2, 3], [1]], b: xs.b } },
        /xs.a is not an array of examples: .*\n.*nested arrays of one shape/,
      ],
      [{ ...arrays, xs: [[1], [1, 2]] }, /xs is not an array of examples/],
      [{ ...arrays, ys: { left: arrays.ys.left } }, /lacks `right`/],
    ] as const) {
      const start = tf.memory().numTensors;
      await expect(fineTune(combined, options({ data, ...more }))).rejects.toThrow(message);
      expect(tf.memory().numTensors).toBe(start);
    }
    const lacking = { xs: { a: xs.a }, ys: { ...ys, middle: ys.left } };
    await expect(fineTune(make(), options({ data: lacking, loss: "meanSquaredError" }))).rejects.toThrow(
      /lacks `b`[\s\S]*`middle`/,
    );
  });
});

describe("data", () => {
  it("gives the same run from tensors, arrays, a tf.data.Dataset, and iterables of batches or examples", async () => {
    const { xs, ys } = examples([4], 12);
    const [x, y] = [xs.arraySync() as number[][], ys.arraySync() as number[][]];
    const rows = x.map((row, i) => ({ xs: row, ys: y[i] as number[] }));
    async function* batches() {
      for (let i = 0; i < 12; i += 5)
        yield { xs: tf.slice(xs, i, Math.min(5, 12 - i)), ys: tf.slice(ys, i, Math.min(5, 12 - i)) };
    }
    const flat = { values: Float32Array.from(x.flat()), shape: [12, 4] };
    const forms: FineTuneOptions["data"][] = [
      { xs, ys },
      { xs: x, ys: y },
      { xs: flat, ys: y },
      dataset.array(rows) as never,
      (dataset.array(rows) as unknown as { batch(n: number): never }).batch(5),
      rows,
      batches(),
    ];
    const found = [];
    for (const data of forms) {
      const model = mlp();
      const start = tf.memory().numTensors;
      const { restore } = await fineTune(model, options({ data }));
      restore();
      found.push(weightsOf(model));
      if (data !== forms[6]) expect(tf.memory().numTensors).toBe(start);
    }
    for (const weights of found) expect(weights).toEqual(found[0]);
  });
});
