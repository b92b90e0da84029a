import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { HookedOptimizer, namedParams, namedWeights, type Selector, selectParams, sgd } from "../src/index.ts";

const l = tfl.layers;
beforeEach(() => tf.setBackend("cpu"));

const rnn = { recurrentInitializer: "glorotNormal" } as const;
const names = (model: tfl.LayersModel): string[] => namedParams(model, { frozen: true }).map(({ name }) => name);
const sequential = (...layers: tfl.layers.Layer[]): tfl.Sequential => tfl.sequential({ layers });

describe("names", () => {
  it("Bidirectional: forward and backward, not the names that tfjs counts up", () => {
    // Two in one process: the inner layers are called lstm_LSTM1, lstm_LSTM2, ...
    for (let i = 0; i < 2; i++) {
      const model = sequential(
        l.bidirectional({ layer: l.lstm({ units: 2, ...rnn }) as never, inputShape: [3, 4], name: "bi" } as never),
      );
      expect(names(model)).toEqual([
        "bi/forward/kernel",
        "bi/forward/recurrent_kernel",
        "bi/forward/bias",
        "bi/backward/kernel",
        "bi/backward/recurrent_kernel",
        "bi/backward/bias",
      ]);
      expect(namedParams(model)[0]).toMatchObject({ layer: "bi", role: "kernel", unitAxes: [1] });
      model.dispose();
    }
  });

  it("TimeDistributed over a layer, and over a model of several", () => {
    const one = sequential(l.timeDistributed({ layer: l.dense({ units: 2 }), inputShape: [3, 4], name: "td" }));
    expect(names(one)).toEqual(["td/kernel", "td/bias"]);
    const inner = sequential(l.dense({ units: 2, inputShape: [4], name: "in1" }), l.dense({ units: 2, name: "in2" }));
    const two = sequential(l.timeDistributed({ layer: inner as never, inputShape: [3, 4], name: "td" }));
    expect(names(two)).toEqual(["td/in1/kernel", "td/in1/bias", "td/in2/kernel", "td/in2/bias"]);
  });

  it("cells and stacked cells", () => {
    const cell = sequential(l.rnn({ cell: l.lstmCell({ units: 2, ...rnn }), inputShape: [3, 4], name: "rnn" }));
    expect(names(cell)).toEqual(["rnn/kernel", "rnn/recurrent_kernel", "rnn/bias"]);
    const cells = [l.gruCell({ units: 2, ...rnn }), l.gruCell({ units: 3, ...rnn })];
    const stack = sequential(
      l.rnn({ cell: l.stackedRNNCells({ cells }) as never, inputShape: [3, 4], name: "stack" } as never),
    );
    expect(names(stack)).toEqual([
      "stack/RNNCell_0/kernel",
      "stack/RNNCell_0/recurrent_kernel",
      "stack/RNNCell_0/bias",
      "stack/RNNCell_1/kernel",
      "stack/RNNCell_1/recurrent_kernel",
      "stack/RNNCell_1/bias",
    ]);
  });

  it("a layer used twice is named once, in a model of several outputs, and every output trains it", () => {
    const input = tfl.input({ shape: [3] });
    const shared = l.dense({ units: 3, name: "shared" });
    const a = l.dense({ units: 1, name: "a" }).apply(shared.apply(shared.apply(input))) as tfl.SymbolicTensor;
    const b = l.dense({ units: 2, name: "b" }).apply(shared.apply(input)) as tfl.SymbolicTensor;
    const model = tfl.model({ inputs: input, outputs: [a, b] });
    expect(names(model).sort()).toEqual(["a/bias", "a/kernel", "b/bias", "b/kernel", "shared/bias", "shared/kernel"]);
    const optimizer = new HookedOptimizer({ params: namedParams(model), rule: sgd(), learningRate: 0.1 });
    const before = names(model).length;
    optimizer.minimize(() => {
      const [one, two] = model.predict(tf.ones([2, 3])) as [tf.Tensor, tf.Tensor];
      return tf.add(tf.sum(one), tf.sum(two)) as tf.Scalar;
    }, false);
    expect(before).toBe(6);
    optimizer.dispose();
    model.dispose();
  });

  it("nested models add their name; a second copy in the page has the same names, though tfjs calls its weights _1", () => {
    const make = (): tfl.LayersModel =>
      sequential(
        tfl.sequential({ name: "base", layers: [l.dense({ units: 2, inputShape: [3], name: "inner" })] }) as never,
        l.dense({ units: 1, name: "head" }),
      );
    const [one, two] = [make(), make()];
    expect(names(two)).toEqual(names(one));
    expect(names(one)).toEqual(["base/inner/kernel", "base/inner/bias", "head/kernel", "head/bias"]);
    expect(two.weights.map(({ name }) => name).some((name) => name.endsWith("_1"))).toBe(true);
  });

  it("statistics are weights and no parameters; frozen layers are left out unless asked for", () => {
    const model = sequential(
      l.dense({ units: 2, inputShape: [3], name: "d", trainable: false }),
      l.batchNormalization({ name: "bn" }),
    );
    expect(namedParams(model).map(({ name }) => name)).toEqual(["bn/gamma", "bn/beta"]);
    expect(names(model)).toEqual(["d/kernel", "d/bias", "bn/gamma", "bn/beta"]);
    expect(
      namedWeights(model)
        .filter(({ statistic }) => statistic)
        .map(({ role }) => role),
    ).toEqual(["moving_mean", "moving_variance"]);
  });

  it("plain variables keep the names they are given", () => {
    const variables = { "w/kernel": tf.variable(tf.zeros([3, 2])), "w/bias": tf.variable(tf.zeros([2])) };
    expect(namedParams(variables)).toMatchObject([
      { name: "w/kernel", layer: "w", role: "kernel", shape: [3, 2], unitAxes: [1] },
      { name: "w/bias", layer: "w", role: "bias", shape: [2], unitAxes: [0] },
    ]);
  });
});

it("unit axes of every layer with weights", () => {
  const axes = (model: tfl.LayersModel): object =>
    Object.fromEntries(namedWeights(model).map(({ name, unitAxes }) => [name, unitAxes]));
  const conv = sequential(
    l.separableConv2d({ filters: 2, kernelSize: 3, inputShape: [7, 7, 3], name: "sep" }),
    l.conv2dTranspose({ filters: 5, kernelSize: 3, name: "t" }),
    l.conv2d({ filters: 4, kernelSize: 3, name: "c" }),
    l.depthwiseConv2d({ kernelSize: 2, name: "dw" }),
    l.prelu({ name: "prelu" }),
    l.batchNormalization({ name: "bn" }),
    l.layerNormalization({ name: "ln", axis: [1, 2, 3] }),
  );
  expect(axes(conv)).toEqual({
    "sep/depthwise_kernel": [2, 3],
    "sep/pointwise_kernel": [3],
    "sep/bias": [0],
    "t/kernel": [2],
    "t/bias": [0],
    "c/kernel": [3],
    "c/bias": [0],
    "dw/depthwise_kernel": [2, 3],
    "dw/bias": [0],
    "prelu/alpha": [0, 1, 2],
    "bn/gamma": [0],
    "bn/beta": [0],
    "bn/moving_mean": [0],
    "bn/moving_variance": [0],
    "ln/gamma": [0, 1, 2],
    "ln/beta": [0, 1, 2],
  });
  const volume = sequential(
    l.conv3d({ filters: 2, kernelSize: 2, inputShape: [4, 4, 4, 1], name: "c3" }),
    l.conv3dTranspose({ filters: 3, kernelSize: 2, name: "c3t" }),
  );
  expect(axes(volume)).toMatchObject({ "c3/kernel": [4], "c3t/kernel": [3] });
  const text = sequential(
    l.embedding({ inputDim: 7, outputDim: 3, inputLength: 4, name: "emb" }),
    l.conv1d({ filters: 2, kernelSize: 2, name: "c1" }),
    l.gru({ units: 2, name: "gru", returnSequences: true, ...rnn }),
    l.simpleRNN({ units: 2, name: "simple", ...rnn }),
    l.dense({ units: 2, name: "d" }),
  );
  expect(axes(text)).toMatchObject({
    "emb/embeddings": [1],
    "c1/kernel": [2],
    "gru/kernel": [1],
    "gru/recurrent_kernel": [1],
    "simple/kernel": [1],
    "d/kernel": [1],
  });
  const td = sequential(
    l.timeDistributed({
      layer: l.conv2dTranspose({ filters: 2, kernelSize: 2 }),
      inputShape: [2, 4, 4, 3],
      name: "td",
    }),
  );
  expect(axes(td)).toMatchObject({ "td/kernel": [2] });
});

describe("selection", () => {
  const info = (name: string): { name: string; layer: string; role: string; shape: number[]; unitAxes: number[] } => ({
    name,
    layer: name.slice(0, name.lastIndexOf("/")),
    role: name.slice(name.lastIndexOf("/") + 1),
    shape: [2, 3],
    unitAxes: [1],
  });
  const all = [
    "block_1/kernel",
    "block_1/bias",
    "block_12/kernel",
    "bn/gamma",
    "bn/beta",
    "out/kernel",
    "out/bias",
  ].map(info);
  const cases: readonly (readonly [Selector, string[]])[] = [
    ["all", all.map(({ name }) => name)],
    ["bias", ["block_1/bias", "out/bias"]],
    ["bitfit", ["block_1/bias", "out/bias"]],
    ["norm", ["bn/gamma", "bn/beta"]],
    ["norm-tuning", ["bn/gamma", "bn/beta"]],
    ["head", ["out/kernel", "out/bias"]],
    ["last:2", ["bn/gamma", "bn/beta", "out/kernel", "out/bias"]],
    ["role:kernel", ["block_1/kernel", "block_12/kernel", "out/kernel"]],
    ["block_1", ["block_1/kernel", "block_1/bias"]],
    ["block_1*/kernel", ["block_1/kernel", "block_12/kernel"]],
    ["block_[1-3]/*", ["block_1/kernel", "block_1/bias"]],
    ["b[!l]*/**", ["bn/gamma", "bn/beta"]],
    [{ include: ["**/kernel"], exclude: ["out/**"] }, ["block_1/kernel", "block_12/kernel"]],
    [
      ["bias", "norm"],
      ["block_1/bias", "bn/gamma", "bn/beta", "out/bias"],
    ],
    [/_1\//, ["block_1/kernel", "block_1/bias"]],
    [({ role }) => role === "gamma", ["bn/gamma"]],
  ];
  for (const [selector, expected] of cases) {
    it(`${typeof selector === "function" ? "a predicate" : JSON.stringify(selector)} picks ${expected.length}`, () => {
      expect(selectParams(all, selector, "It").map(({ name }) => name)).toEqual(expected);
    });
  }
  it("a bracket alone stands for itself", () => {
    const odd = [info("a[1/kernel"), info("b]2/kernel")];
    expect(selectParams(odd, "a[1/*", "It")).toHaveLength(1);
    expect(selectParams(odd, "b]2/*", "It")).toHaveLength(1);
  });

  it("find names without a slash, and prefer an exact name to a preset or glob", () => {
    const of = (name: string) => ({
      name,
      layer: name.split("/")[0] as string,
      role: name.split("/").at(-1) as string,
    });
    const bare = ["w", "b", "bias", "all", "head", "role:w", "k[0]", "w/kernel"].map((name) => ({
      ...of(name),
      shape: [2],
      unitAxes: [0],
    }));
    const picked = (selector: Selector): string[] => selectParams(bare, selector, "It").map(({ name }) => name);
    for (const { name } of bare) expect(picked(name)).toEqual([name]);
    expect(picked(["w", "b"])).toEqual(["w", "b"]);
    // Old graphs call their biases `biases`.
    const slim = ["weights", "biases"].map((name) => ({ ...of(name), shape: [2], unitAxes: [0] }));
    expect(selectParams(slim, "bias", "It").map(({ name }) => name)).toEqual(["biases"]);
    expect(picked({ include: ["w", "b", "w/*"], exclude: ["w"] })).toEqual(["b", "w/kernel"]);
    expect(picked({ exclude: ["all", "head"] })).toEqual(["w", "b", "bias", "role:w", "k[0]", "w/kernel"]);
    expect(() => picked("k[1]")).toThrow(/`k\[1\]`\.\s+Did you mean `k\[0\]`/);
    // The hint has whole names only.
    expect(() => picked("bia")).toThrow(/Did you mean `bias`/);
    expect(() => selectParams(bare.slice(0, 2), "v", "It")).toThrow(/Did you mean `(w|b)` or `(w|b)`\?$/m);
  });
});

it("layers frozen by their config are not trained, until they are", () => {
  const model = sequential(
    l.dense({ units: 2, inputShape: [3], name: "base", trainable: false }),
    l.dense({ units: 1, name: "head" }),
  );
  const params = namedParams(model, { frozen: true });
  const optimizer = new HookedOptimizer({ params, rule: sgd(), learningRate: 0.1 });
  const active = (): string[] => optimizer.active.map(({ name }) => name);
  expect(active()).toEqual(["head/kernel", "head/bias"]);
  (model.layers[0] as tfl.layers.Layer).trainable = true;
  expect(active()).toEqual(["base/kernel", "base/bias", "head/kernel", "head/bias"]);
  optimizer.dispose();
});
