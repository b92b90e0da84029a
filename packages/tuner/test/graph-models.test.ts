import "@tensorflow/tfjs-backend-cpu";
import { selectParams, sgd } from "@graftjs/core";
import * as converter from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import {
  type FineTuneOptions,
  fineTune,
  graphArtifacts,
  graphModelAdapter,
  planFineTune,
  replaceGraphHead,
} from "../src/index.ts";
import { type GraphConstant, graphArtifact, graphOf, matMul, op } from "./graphs.ts";
import { examples } from "./support.ts";

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

describe("GraphModel", () => {
  it("trains a converted graph with a cached trunk, and loads again in stock tfjs", async () => {
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

  it("keeps the statistics of a batch norm, whatever the constants are called", async () => {
    const constants: GraphConstant[] = [
      { name: "Const_1", shape: [4], values: [1, 2, 1, 0.5] },
      { name: "Const_2", shape: [4], values: [0, 0.1, 0.2, 0.3] },
      { name: "Const_3", shape: [4], values: [0.1, 0, -0.1, 0.2] },
      { name: "Const_4", shape: [4], values: [1, 2, 0.5, 1] },
      { name: "Const_5", shape: [4, 2], values: [1, -1, 0.5, 0.2, -0.3, 0.1, 0.7, -0.2] },
    ];
    const norm = op("bn", "FusedBatchNormV3", ["x", "Const_1", "Const_2", "Const_3", "Const_4"], {
      epsilon: { f: 1e-3 },
    });
    const artifacts = graphOf([norm, matMul("out", "bn", "Const_5")], constants);
    const model = await converter.loadGraphModel({ load: async () => artifacts });
    const adapter = graphModelAdapter(model);
    const { restore } = await fineTune(
      adapter,
      options({ data: { xs: tf.ones([4, 4]), ys: tf.zeros([4, 2]) }, loss: "meanSquaredError", trainable: "all" }),
    );
    restore();
    const moved = constants.filter(({ name, values }) => {
      const [tensor] = model.weights[name] as tf.Tensor[];
      return [...(tensor as tf.Tensor).dataSync()].some((value, i) => Math.abs(value - (values[i] as number)) > 1e-6);
    });
    expect(moved.map(({ name }) => name)).toEqual(["Const_1", "Const_2", "Const_5"]);
    adapter.release();
    model.dispose();
  });

  it("leaves out constants that are settings of an op", async () => {
    const constants: GraphConstant[] = [
      { name: "sides", shape: [2, 2], values: [0, 0, 1, 1], dtype: "int32" },
      { name: "border", shape: [], values: [0.5] },
      { name: "kernel", shape: [6, 2], values: Array.from({ length: 12 }, (_, i) => i / 10) },
    ];
    const artifacts = graphOf(
      [op("pad", "PadV2", ["x", "sides", "border"]), matMul("out", "pad", "kernel")],
      constants,
    );
    const adapter = graphModelAdapter(await converter.loadGraphModel({ load: async () => artifacts }));
    expect(adapter.weights.map(({ name }) => name)).toEqual(["kernel"]);
    const data = { xs: tf.ones([4, 4]), ys: tf.zeros([4, 2]) };
    const { history } = await fineTune(adapter, options({ data, loss: "meanSquaredError", trainable: "all" }));
    expect(history.loss[2]).toBeLessThan(history.loss[0] as number);
    adapter.release();
  });

  it("that was converted for one batch size trains with it, and refuses other batches before the first step", async () => {
    const artifacts = graphArtifact();
    const { node } = artifacts.modelTopology as { node: { attr: { shape?: object } }[] };
    const dim = [4, 6, 6, 2].map((size) => ({ size }));
    (node[0] as { attr: object }).attr = { ...node[0]?.attr, shape: { shape: { dim } } };
    const model = await converter.loadGraphModel({ load: async () => artifacts });
    const adapter = graphModelAdapter(model);
    const data = examples([6, 6, 2], 12);
    const more = { data, trainable: "head/**", learningRate: 0.01 };
    for (const cache of ["memory", false] as const) {
      const run = { ...more, validation: data, cache, batchSize: 4 };
      const { history } = await fineTune(adapter, options(run));
      expect(history.loss[2]).toBeLessThan(history.loss[0] as number);
      expect(history.val_loss).toHaveLength(3);
      await planFineTune(adapter, options(run));
    }
    await expect(fineTune(adapter, options({ ...more, batchSize: 8 }))).rejects.toThrow(
      /inputs of the GraphModel were converted for batches of 4, but batchSize is 8\.\n {2}Set batchSize: 4\. .*convert the model again/,
    );
    const ten = examples([6, 6, 2], 10);
    for (const given of [
      { ...more, data: ten },
      { ...more, validation: ten },
    ])
      await expect(fineTune(adapter, options({ ...given, batchSize: 4 }))).rejects.toThrow(
        /last batch of `(data|validation)` has 2 example\(s\)\.\n {2}Give a multiple of 4 examples, not 10\./,
      );
    adapter.release();
  });

  it("trains convolutions of a graph through the fused convolution op", async () => {
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

  it("checks labels against an output of unknown shape before the first step", async () => {
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

describe("a new head of a GraphModel", () => {
  const load = (artifacts: tf.io.ModelArtifacts) => converter.loadGraphModel({ load: async () => artifacts });
  const values = (tensor: tf.Tensor): number[] => [...tensor.dataSync()];

  it("reads the same features as the old one, trains, and loads again in stock tfjs", async () => {
    const base = await load(graphArtifact());
    const { xs } = examples([6, 6, 2], 12);
    const ys = tf.oneHot(tf.tensor1d([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1], "int32"), 5);
    const start = tf.memory().numTensors;
    const model = await replaceGraphHead(base, { units: 5, seed: 3 });
    expect(Object.keys(model.weights)).toEqual([
      ...["block/conv/kernel", "block/conv/bias", "axes", "head/kernel", "head/bias"],
    ]);
    expect(model.outputs[0]).toMatchObject({ name: "head/Softmax" });
    const expected = tf.tidy(() => {
      const pool = base.execute({ x: xs }, ["pool"]) as tf.Tensor2D;
      return values(tf.softmax(tf.matMul(pool, model.weights["head/kernel"]?.[0] as tf.Tensor2D)));
    });
    expect(tf.tidy(() => values(model.predict(xs) as tf.Tensor))).toEqual(expected);

    const adapter = graphModelAdapter(model);
    const run = { data: { xs, ys: tf.cast(ys, "float32") }, trainable: "head/**", epochs: 5 };
    const { history, plan, restore } = await fineTune(adapter, options(run));
    restore();
    expect(plan.trunk.frontier).toEqual(["pool"]);
    expect(history.loss[4]).toBeLessThan(history.loss[0] as number);
    const again = await load(await graphArtifacts(model));
    expect(tf.tidy(() => values(again.predict(xs) as tf.Tensor))).toEqual(
      tf.tidy(() => values(model.predict(xs) as tf.Tensor)),
    );
    adapter.release();
    for (const made of [model, again]) made.dispose();
    run.data.ys.dispose();
    expect(tf.memory().numTensors).toBe(start);
    expect(values(tf.tidy(() => base.predict(xs) as tf.Tensor))).toHaveLength(36);
  });

  it("averages feature maps, and takes other activations and names", async () => {
    const base = await load(graphArtifact());
    const { xs } = examples([6, 6, 2], 3);
    const model = await replaceGraphHead(base, { units: 2, after: "conv", activation: "linear", name: "top" });
    const expected = tf.tidy(() => {
      const maps = base.execute({ x: xs }, ["conv"]) as tf.Tensor4D;
      return values(tf.matMul(tf.mean(maps, [1, 2]), model.weights["top/kernel"]?.[0] as tf.Tensor2D));
    });
    const made = tf.tidy(() => values(model.predict(xs) as tf.Tensor));
    for (const [i, value] of made.entries()) expect(value).toBeCloseTo(expected[i] as number, 6);
    const sigmoid = await replaceGraphHead(model, { units: 1, activation: "sigmoid", name: "second" });
    expect(sigmoid.outputs[0]).toMatchObject({ name: "second/Sigmoid" });
  });

  it("is refused with the fix if the graph has no place for it", async () => {
    const base = await load(graphArtifact());
    await expect(replaceGraphHead(base, { units: 2, after: "pol" })).rejects.toThrow(/no node `pol`[\s\S]*`pool`/);
    await expect(replaceGraphHead(base, { units: 0 })).rejects.toThrow(/`units` of replaceHead is 0/);
    await expect(replaceGraphHead(base, { units: 2, after: "axes" })).rejects.toThrow(/`axes` has the shape \[2\]/);
    await expect(replaceGraphHead(base, { units: 2, name: "block" })).rejects.toThrow(
      /already has nodes named `block`/,
    );
    const flat = await load(graphOf([op("y", "Tanh", ["x"])], []));
    await expect(replaceGraphHead(flat, { units: 2 })).rejects.toThrow(/no product with a constant kernel/);
    expect((await replaceGraphHead(flat, { units: 2, after: "y" })).outputNodes).toEqual(["head"]);
  });
});

describe("a graph that cannot be trained", () => {
  const kernel: GraphConstant = { name: "head/k", shape: [4, 3], values: Array.from({ length: 12 }, (_, i) => i / 9) };
  const load = (nodes: object[]) => converter.loadGraphModel({ load: async () => graphOf(nodes, [kernel]) });

  it("by its control flow, lists or tables says so by node and op, and trains up to it", async () => {
    const functions = {
      body: { func: { name: "b" } },
      cond: { func: { name: "c" } },
      then_branch: { func: { name: "t" } },
    };
    const kinds = ["StatelessWhile", "While", "StatelessIf", "If", "Switch", "TensorListFromTensor", "TensorArrayV3"];
    for (const kind of [...kinds, "LookupTableFindV2", "HashTableV2", "NonMaxSuppressionV5", "Where", "ListDiff"]) {
      const nodes = [matMul("m", "x", "head/k"), op("dyn", kind, ["m"], functions), op("y", "Softmax", ["dyn"])];
      const model = await load(nodes);
      expect(() => graphModelAdapter(model), kind).toThrow(
        new RegExp(
          `Node \`dyn\` is a ${kind}\\.(.|\\n)*no gradients\\.(.|\\n)*Use \`outputs\` to name nodes that do not`,
        ),
      );
      const adapter = graphModelAdapter(model, { outputs: ["m"] });
      const { history } = await fineTune(adapter, options({ data: examples([4], 12), loss: "softmaxCrossEntropy" }));
      expect(history.loss[2], kind).toBeLessThan(history.loss[0] as number);
      adapter.release();
    }
  });

  it("by an op without a gradient says so by node and op before the first step", async () => {
    const product = op("product", "Cumprod", ["m", "axis"], { exclusive: { b: false }, reverse: { b: false } });
    const nodes = [matMul("m", "x", "head/k"), product, op("y", "Softmax", ["product"])];
    const axis: GraphConstant = { name: "axis", shape: [], values: [1], dtype: "int32" };
    const model = await converter.loadGraphModel({ load: async () => graphOf(nodes, [kernel, axis]) });
    const data = examples([4], 12);
    await expect(fineTune(graphModelAdapter(model), options({ data }))).rejects.toThrow(
      /`product` \(Cumprod\) cannot be trained: tfjs has no gradient for `Cumprod`/,
    );
  });
});

describe("the cut of a graph", () => {
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
  /** Runs with and without the cache over three epoch orders; the losses must be bit-identical. Returns the trunk. */
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

  it("puts a node with several outputs into the tail, and reads each output", async () => {
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
      stops: [{ path: "split", why: "Split has several outputs" }],
    });
    // Only the second output, of a split of a split.
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

  it("is before ops that combine examples of a batch, and not before similar ops along other axes", async () => {
    const centred = [
      op("tanh", "Tanh", ["x"]),
      op("m", "Mean", ["tanh", "same"], { keep_dims: { b: true } }),
      op("same", "Identity", ["axes"]),
      op("c", "Sub", ["tanh", "m"]),
      matMul("y", "c", "head/a"),
    ];
    expect(await cutOf(centred, [head, whole("axes", 0)])).toMatchObject({
      frontier: ["tanh"],
      stops: [{ path: "m", why: "Mean combines examples of a batch" }],
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

  it("counts only the parameters that the trunk reads", async () => {
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

describe("selection in a GraphModel", () => {
  const constant = (name: string, shape: number[]): GraphConstant => ({
    name,
    shape,
    values: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % 5) / 7),
  });
  /** Two dense layers, whose constants are in the file in the reverse order. */
  const net = async (names: readonly [string, string, string, string]) => {
    const [k1, b1, k2, b2] = names;
    const nodes = [
      ...[matMul("first", "x", k1), op("plus", "AddV2", ["first", b1]), op("act", "Relu", ["plus"])],
      ...[op("same", "Identity", [k2]), matMul("second", "act", "same"), op("y", "BiasAdd", ["second", b2])],
    ];
    const constants = [constant(b2, [2]), constant(k2, [3, 2]), constant(b1, [3]), constant(k1, [4, 3])];
    const model = await converter.loadGraphModel({ load: async () => graphOf(nodes, constants) });
    return graphModelAdapter(model).weights;
  };

  it("groups constants by the node that reads them if their names say nothing", async () => {
    const weights = await net(["Const_9", "Const_3", "Const_4", "Const_1"]);
    expect(weights.map(({ name, layer, role }) => `${layer}: ${name} ${role}`)).toEqual([
      ...["first: Const_9 kernel", "first: Const_3 bias", "second: Const_4 kernel", "second: Const_1 bias"],
    ]);
    const named = (selector: string): string[] => selectParams(weights, selector, "test").map(({ name }) => name);
    expect(named("last:1")).toEqual(["Const_4", "Const_1"]);
    expect(named("head")).toEqual(["Const_4", "Const_1"]);
    expect(named("bias")).toEqual(["Const_3", "Const_1"]);
    expect(named("last:2")).toHaveLength(4);
  });

  it("takes the path that the names have in common, as TensorFlow writes them", async () => {
    const call = "StatefulPartitionedCall/net";
    const weights = await net([
      ...[`${call}/dense/MatMul/ReadVariableOp`, `${call}/dense/BiasAdd/ReadVariableOp`],
      ...[`${call}/dense_1/MatMul/ReadVariableOp`, `${call}/dense_1/BiasAdd/ReadVariableOp`],
    ] as unknown as [string, string, string, string]);
    expect(weights.map(({ layer, role }) => `${layer} ${role}`)).toEqual([
      ...[`${call}/dense kernel`, `${call}/dense bias`, `${call}/dense_1 kernel`, `${call}/dense_1 bias`],
    ]);
    expect(selectParams(weights, "head", "test").map(({ role }) => role)).toEqual(["kernel", "bias"]);
    expect(selectParams(weights, `${call}/dense`, "test")).toHaveLength(2);
  });
});
