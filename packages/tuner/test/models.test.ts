import "@tensorflow/tfjs-backend-cpu";
import { type AnyCombiner, sgd } from "@graftjs/core";
import * as converter from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import * as dataset from "@tensorflow/tfjs-data";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import {
  type FineTuneOptions,
  fineTune,
  functionAdapter,
  graphArtifacts,
  graphModelAdapter,
  replaceHead,
} from "../src/index.ts";
import { type GraphConstant, graphArtifact, graphOf, matMul, op } from "./graphs.ts";
import { convNet, mlp } from "./nets.ts";
import { distance, examples, mapStore, weightsOf } from "./support.ts";

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

  it("leaves the other outputs of a model with several out, and the layers that only they need", () => {
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
  it("takes data by name and sums the losses, regularizers included, as fit does", async () => {
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
      // tfjs gives running sums of the outputs' losses in validation, under names shifted by one.
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
        /xs.a is no array of examples: .*\n.*nested arrays of one shape/,
      ],
      [{ ...arrays, xs: [[1], [1, 2]] }, /xs is no array of examples/],
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

describe("GraphModel", () => {
  it("trains a converted graph, cut where it can be, and loads again in stock tfjs", async () => {
    const load = (artifacts: tf.io.ModelArtifacts) => converter.loadGraphModel({ load: async () => artifacts });
    const model = await load(graphArtifact());
    const start = tf.memory().numTensors;
    const data = examples([6, 6, 2], 12);
    const adapter = graphModelAdapter(model);
    const result = await fineTune(adapter, options({ data, trainable: "head/**", epochs: 5, metrics: ["accuracy"] }));
    result.restore();
    expect(result.plan.trunk).toMatchObject({ layers: 2, parameters: 72 + 4, frontier: ["pool"] });
    expect(result.history.loss[4]).toBeLessThan(result.history.loss[0] as number);
    const plain = await load(graphArtifact());
    const uncached = graphModelAdapter(plain);
    const again = await fineTune(uncached, options({ data, trainable: "head/**", epochs: 5, cache: false }));
    again.restore();
    expect(again.history.loss).toEqual(result.history.loss);
    const tuned = await load(await graphArtifacts(model));
    const fresh = await load(graphArtifact());
    const predict = (m: converter.GraphModel): number[] => [
      ...tf.tidy(() => (m.predict(data.xs) as tf.Tensor).dataSync()),
    ];
    expect(predict(tuned)).toEqual(predict(model));
    expect(predict(plain)).toEqual(predict(model));
    expect(predict(model)).not.toEqual(predict(fresh));
    await expect(graphArtifacts({ ...model, artifacts: undefined } as never)).rejects.toThrow(/has no topology/);
    adapter.release();
    uncached.release();
    expect(predict(model)).toEqual(predict(fresh));
    for (const other of [plain, tuned, fresh]) other.dispose();
    tf.dispose([data.xs, data.ys]);
    expect(tf.memory().numTensors).toBe(start);
  });

  it("trains convolutions of a graph through the fused op", async () => {
    const model = await converter.loadGraphModel({ load: async () => graphArtifact() });
    const adapter = graphModelAdapter(model, { outputs: ["logits"] });
    const result = await fineTune(
      adapter,
      options({ data: examples([6, 6, 2], 12), trainable: "**", loss: "softmaxCrossEntropy", epochs: 10 }),
    );
    result.restore();
    expect(result.plan.trunk.layers).toBe(0);
    expect(result.history.loss[9]).toBeLessThan(result.history.loss[0] as number);
    expect(() => graphModelAdapter(model, { outputs: ["logit"] })).toThrow(/no node `logit`/);
  });

  it("holds labels to the shape of a node that the graph says nothing about, before the first step", async () => {
    const { xs } = examples([6, 6, 2], 12);
    const sevens = tf.fill([12], 7, "int32");
    const sparse = { loss: "sparseSoftmaxCrossEntropy" } as const;
    const stream = { stream: [{ xs, ys: sevens }] };
    const cases: [Partial<FineTuneOptions> & Pick<FineTuneOptions, "data">, RegExp][] = [
      [{ data: { xs, ys: sevens }, ...sparse }, /numbers from 7 to 7, and the output has classes 0 to 2/],
      [{ data: stream, ...sparse }, /numbers from 7 to 7, and the output has classes 0 to 2/],
      [{ data: { xs, ys: tf.ones([12, 1]) }, loss: "softmaxCrossEntropy" }, /\[12,1\].*takes.*\[any,3\]/],
      [
        { data: { xs, ys: tf.zeros([12], "int32") }, ...sparse, classWeights: [1, 2] },
        /2 weights for 3 classes: give one a class/,
      ],
    ];
    for (const [more, message] of cases) {
      const model = await converter.loadGraphModel({ load: async () => graphArtifact() });
      const adapter = graphModelAdapter(model, { outputs: ["logits"] });
      const values = () => adapter.weights.map(({ variable }) => [...variable.dataSync()]);
      const [before, start] = [values(), tf.memory().numTensors];
      await expect(fineTune(adapter, options({ trainable: "head/**", ...more }))).rejects.toThrow(message);
      expect(values()).toEqual(before);
      expect(tf.memory().numTensors).toBe(start);
    }
  });
});

describe("where a graph is cut", () => {
  const head: GraphConstant = {
    name: "head/a",
    shape: [4, 3],
    values: Array.from({ length: 12 }, (_, i) => Math.sin(i + 1)),
  };
  const whole = (name: string, ...values: number[]): GraphConstant => ({
    name,
    shape: values.length === 1 && name === "axis" ? [] : [values.length],
    values,
    dtype: "int32",
  });
  /** The run with and without the cache, over three mixtures of examples; they must not differ by a bit. */
  async function cutOf(nodes: object[], constants: GraphConstant[]) {
    const runs = [];
    for (const cache of ["memory", false] as const) {
      const model = await converter.loadGraphModel({ load: async () => graphOf(nodes, constants) });
      const adapter = graphModelAdapter(model);
      const data = examples([4], 20);
      const start = tf.memory().numTensors;
      const run = { data, cache, loss: "softmaxCrossEntropy", trainable: "head/**", batchSize: 4 } as const;
      const { history, plan, restore } = await fineTune(adapter, options(run));
      restore();
      expect(tf.memory().numTensors).toBe(start);
      runs.push({ loss: history.loss, trunk: plan.trunk });
      adapter.release();
    }
    expect(runs[0]).toEqual(runs[1]);
    return (runs[0] as (typeof runs)[0]).trunk;
  }

  it("runs a node of several outputs behind the cut, and reads each of them", async () => {
    const half = (name: string, sign: number): GraphConstant => ({
      name,
      shape: [2, 3],
      values: [1, 2, 3, 4, 5, 6].map((v) => sign * v),
    });
    const split = op("split", "Split", ["axis", "tanh"], { num_split: { i: 2 } });
    const nodes = [
      op("tanh", "Tanh", ["x"]),
      split,
      matMul("ma", "split", "head/a"),
      matMul("mb", "split:1", "head/b"),
      op("sum", "AddV2", ["ma", "mb"]),
    ];
    const trunk = await cutOf(nodes, [half("head/a", 1), half("head/b", -1), whole("axis", 1)]);
    expect(trunk).toMatchObject({
      layers: 1,
      frontier: ["tanh"],
      stops: [{ path: "split", why: "Split gives several values" }],
    });
    // The second of them alone, of a split of a split.
    const again = [
      op("tanh", "Tanh", ["x"]),
      split,
      op("again", "Split", ["axis", "split:1"], { num_split: { i: 2 } }),
      matMul("y", "again:1", "head/a"),
    ];
    expect(await cutOf(again, [{ ...head, shape: [1, 3], values: [1, 2, 3] }, whole("axis", 1)])).toMatchObject({
      layers: 1,
      frontier: ["tanh"],
    });
  });

  it("ends before what joins the examples of a batch, and not before what only looks like it", async () => {
    const centred = [
      op("tanh", "Tanh", ["x"]),
      op("m", "Mean", ["tanh", "same"], { keep_dims: { b: true } }),
      op("same", "Identity", ["axes"]),
      op("c", "Sub", ["tanh", "m"]),
      matMul("y", "c", "head/a"),
    ];
    expect(await cutOf(centred, [head, whole("axes", 0)])).toMatchObject({
      frontier: ["tanh"],
      stops: [{ path: "m", why: "Mean joins examples of a batch" }],
    });
    expect(await cutOf(centred, [head, whole("axes", 1)])).toMatchObject({ frontier: ["c"], layers: 3 });
    const transposed = [
      op("t", "Transpose", ["x", "perm"]),
      op("s", "Softmax", ["t"]),
      op("back", "Transpose", ["s", "perm"]),
      matMul("y", "back", "head/a"),
    ];
    expect(await cutOf(transposed, [head, whole("perm", 1, 0)])).toMatchObject({ layers: 0, frontier: ["x"] });
    const pairs = [
      op("xx", "MatMul", ["x", "x"], { transpose_a: { b: false }, transpose_b: { b: true } }),
      matMul("w", "xx", "x"),
      matMul("y", "w", "head/a"),
    ];
    expect(await cutOf(pairs, [head])).toMatchObject({ layers: 0, frontier: ["x"] });
  });

  it("counts what the trunk reads, and no more", async () => {
    const fixed = { ...head, name: "body/kernel", shape: [4, 4], values: Array.from({ length: 16 }, (_, i) => i / 9) };
    const nodes = [
      op("same", "Identity", ["body/kernel"]),
      matMul("m", "x", "same"),
      op("t", "Tanh", ["m"]),
      matMul("y", "t", "head/a"),
    ];
    expect(await cutOf(nodes, [head, fixed])).toMatchObject({ layers: 2, parameters: 16, frontier: ["t"] });
  });
});

describe("functions over variables", () => {
  it("train, with a trunk of their own", async () => {
    const kernel = tf.variable(tf.zeros([4, 3]));
    const fixed = tf.randomNormal([4, 4], 0, 1, "float32", 3);
    const adapter = functionAdapter({
      variables: { "head/kernel": kernel },
      inputs: { x: [null, 4] },
      outputs: { y: [null, 3] },
      trunk: ([x]) => tf.tanh(tf.matMul(x as tf.Tensor2D, fixed as tf.Tensor2D)),
      forward: ([features]) => tf.matMul(features as tf.Tensor2D, kernel as unknown as tf.Tensor2D),
    });
    const data = examples([4], 12);
    const start = tf.memory().numTensors;
    const { restore, history, plan } = await fineTune(
      adapter,
      options({ data, loss: "softmaxCrossEntropy", trainable: "all" }),
    );
    restore();
    expect(tf.memory().numTensors).toBe(start);
    expect(history.loss[2]).toBeLessThan(history.loss[0] as number);
    expect(plan.cache.bytes).toBe(12 * 4 * 4);
    expect(() => functionAdapter({ variables: {}, inputs: {}, outputs: {}, forward: () => [] })).toThrow(
      /no variables/,
    );
  });

  it("get every tensor of a trunk that gives several, cached or not", async () => {
    const runs = [];
    for (const cache of ["memory", false, { store: mapStore() }] as const) {
      const kernel = tf.variable(tf.ones([4, 3]));
      const adapter = functionAdapter({
        variables: { "head/kernel": kernel },
        inputs: { x: [null, 4] },
        outputs: { y: [null, 3] },
        trunk: ([x]) => [tf.tanh(x as tf.Tensor), tf.square(x as tf.Tensor)],
        forward: ([a, b]) =>
          tf.matMul(tf.sub(a as tf.Tensor, b as tf.Tensor) as tf.Tensor2D, kernel as unknown as tf.Tensor2D),
      });
      const given = examples([4], 12);
      const start = tf.memory().numTensors;
      const run = { data: given, loss: "softmaxCrossEntropy", trainable: "all", validation: given, cache } as const;
      const { restore, history } = await fineTune(adapter, options(run));
      restore();
      expect(tf.memory().numTensors).toBe(start);
      runs.push(history);
    }
    expect(runs[0]).toEqual(runs[1]);
    expect(runs[2]).toEqual(runs[1]);
  });

  it("are refused with a trunk that joins the examples of a batch, unless nothing is cached", async () => {
    const kernel = tf.variable(tf.ones([4, 3]));
    const adapter = functionAdapter({
      variables: { "head/kernel": kernel },
      inputs: { x: [null, 4] },
      outputs: { y: [null, 3] },
      trunk: ([x]) => tf.sub(x as tf.Tensor, tf.mean(x as tf.Tensor, 0)),
      forward: ([a]) => tf.matMul(a as tf.Tensor2D, kernel as unknown as tf.Tensor2D),
    });
    const run = options({ data: examples([4], 12), loss: "softmaxCrossEntropy", trainable: "all" });
    const start = tf.memory().numTensors;
    await expect(fineTune(adapter, run)).rejects.toThrow(/`trunk`, whose output .* depends on the others of its batch/);
    expect(tf.memory().numTensors).toBe(start);
    expect([...kernel.dataSync()]).toEqual(Array.from({ length: 12 }, () => 1));
    (await fineTune(adapter, { ...run, cache: false })).restore();
  });
});
