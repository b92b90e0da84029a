import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, it } from "vitest";
import { type AdapterHandle, type AdapterPatch, combine, ia3, lora, namedAdapters } from "../src/index.ts";
import { disturb, everyKind, tokens, volumes } from "./nets.ts";

beforeAll(() => tf.setBackend("cpu"));

const target = ["conv/kernel", "up/kernel", "each/kernel", "dense/kernel"];

function setUp() {
  const model = everyKind();
  const adapters = namedAdapters(model);
  const [german, french] = [adapters.add("german", lora({ target, rank: 2 })), adapters.add("french", ia3({ target }))];
  disturb(german.added.map(({ variable }) => variable));
  disturb(french.added.map(({ variable }) => variable));
  const x = tf.randomUniform([4, 8, 8, 3], -1, 1, "float32", 5);
  const rows = (): number[][] => (model.predict(x) as tf.Tensor2D).arraySync();
  return { model, adapters, rows };
}

it("switches adapters, and gives each row of a batch its own", () => {
  const { adapters, rows } = setUp();
  const none = rows();
  expect(adapters.active).toEqual([]);
  const german = adapters.during(["german"], rows);
  expect(adapters.active).toEqual([]);
  adapters.use("french");
  const french = rows();
  adapters.use("german", "french");
  const both = rows();
  expect(
    new Set(
      [none, german, french, both].map((value) =>
        value
          .flat()
          .map((v) => v.toFixed(4))
          .join(),
      ),
    ).size,
  ).toBe(4);
  const { numTensors } = tf.memory();
  const mixed = adapters.forRows(["german", undefined, "french", "german"], rows);
  const wanted = [german[0], none[1], french[2], german[3]] as number[][];
  expect(mixed.flat()).toEqual(wanted.flat().map((value) => expect.closeTo(value, 5)));
  expect(tf.memory().numTensors).toBe(numTensors + 1); // the prediction
  expect(adapters.active).toEqual(["german", "french"]);
  adapters.remove("german");
  expect(rows()).toEqual(french);
  adapters.restore();
  expect(rows()).toEqual(none);
});

it("adapters merge one after the other, and unmerge in reverse", () => {
  const { model, adapters, rows } = setUp();
  const before = model.getWeights().map((weight) => [...weight.dataSync()]);
  const german = adapters.get("german");
  const french = adapters.get("french");
  adapters.use("german", "french");
  const both = rows();
  german.merge();
  french.merge();
  expect(rows().flat()).toEqual(both.flat().map((value) => expect.closeTo(value, 5)));
  expect(() => german.unmerge()).toThrow("Another adapter was merged after this one.");
  expect(() => german.merge()).toThrow("The adapter is merged already.");
  model.getLayer("dense").setWeights([tf.ones([6, 4]), tf.zeros([4])]);
  expect(french.unmerge()).toBeGreaterThan(0.1);
  expect(german.unmerge()).toBe(0);
  expect(() => german.unmerge()).toThrow("The adapter is not merged.");
  expect(model.getWeights().map((weight) => [...weight.dataSync()])).toEqual(before);
});

it("refuses unknown and taken names, and rows of a recurrent layer, and changes nothing", () => {
  const { adapters, rows } = setUp();
  adapters.add("inside", lora({ target: "bi/**" }));
  adapters.use("german");
  const before = rows();
  expect(() => adapters.use("germann")).toThrow("The model has no adapter `germann`.\n  Did you mean `german`?");
  expect(() => adapters.add("german", lora())).toThrow("The model has an adapter `german` already.");
  expect(() => adapters.forRows(["inside", "german"], rows)).toThrow(
    "`inside` changes bi/forward/kernel, and its layer computes all rows of a batch with one kernel.",
  );
  expect(rows()).toEqual(before);
});

it("says which weights a method cannot change, all at once, and leaves no tensor", () => {
  const model: tfl.LayersModel = everyKind();
  const { numTensors } = tf.memory();
  expect(() => ia3().apply(model)).toThrowErrorMatchingInlineSnapshot(`
    [OptionsError: The adapter does not suit \`every-kind\`: 5 of 12 weights cannot be changed.
      \`ia3\` cannot change separable/pointwise_kernel: it is in a layer of class SeparableConv2D.
        \`ia3\` changes dense and convolution layers with the channels last. Choose them by \`target\`, or use \`lora\`.
      \`ia3\` cannot change bi/forward/kernel: it is in a layer of class Bidirectional.
        \`ia3\` changes dense and convolution layers with the channels last. Choose them by \`target\`, or use \`lora\`.
      \`ia3\` cannot change bi/forward/recurrent_kernel: it is in a layer of class Bidirectional.
        \`ia3\` changes dense and convolution layers with the channels last. Choose them by \`target\`, or use \`lora\`.
      \`ia3\` cannot change bi/backward/kernel: it is in a layer of class Bidirectional.
        \`ia3\` changes dense and convolution layers with the channels last. Choose them by \`target\`, or use \`lora\`.
      \`ia3\` cannot change bi/backward/recurrent_kernel: it is in a layer of class Bidirectional.
        \`ia3\` changes dense and convolution layers with the channels last. Choose them by \`target\`, or use \`lora\`.]
  `);
  expect(() => lora({ dropout: 0.1 }).apply(model)).toThrow("5 of 12 weights cannot be changed");
  expect(() => lora({ rank: 3, initialization: "orthogonal" }).apply(model)).toThrow("needs an even rank");
  expect(() => lora({ target: "head/kernel", rank: 3, initialization: "pissa" }).apply(model)).toThrow(
    '"pissa" needs a rank of at most 2 for head/kernel',
  );
  expect(() => lora({ target: "dens/kernel" }).apply(model)).toThrow("dense/kernel");
  expect(() => lora({ target: "dense/bias" }).apply(model)).toThrow("matches nothing");
  expect(() => lora({ rank: 0, alpha: 0, target: "conv/**" })).toThrow("`lora` has 2 wrong option(s).");
  expect(tf.memory().numTensors).toBe(numTensors);
});

it("swaps in adapters of lower rank, which then compute as without the padding", () => {
  const { model, adapters, rows } = setUp();
  adapters.use();
  const none = rows();
  const options = { target: ["conv/kernel", "up/kernel", "dense/kernel"], alpha: 3, seed: 8 };
  const small = adapters.add("small", lora({ ...options, rank: 1 }));
  disturb(small.added.map(({ variable }) => variable));
  const wanted = adapters.during(["small"], rows);
  const values = small.added.map(({ variable }) => variable.dataSync());
  const german = adapters.get("german");
  const shapes = german.added.map(({ shape }) => shape);
  const { numTensors } = tf.memory();
  // The patch makes an adapter with the values of `small`, as one that reads a file does.
  const patch = lora({ ...options, rank: 1 });
  adapters.swap("german", {
    ...patch,
    apply(of) {
      const handle = patch.apply(of);
      handle.added.forEach(({ variable }, i) => {
        tf.tidy(() => variable.assign(tf.tensor(values[i] as Float32Array, variable.shape)));
      });
      return handle;
    },
  });
  expect(tf.memory().numTensors).toBe(numTensors);
  expect(rows()).toEqual(none);
  adapters.use("german");
  // `german` adapts each/kernel too, whose values are 0 now.
  expect(rows().flat()).toEqual(wanted.flat().map((value) => expect.closeTo(value, 5)));
  expect(german.added.map(({ variable }) => variable.shape)).toEqual(shapes);
  german.merge();
  expect(rows().flat()).toEqual(wanted.flat().map((value) => expect.closeTo(value, 5)));
  expect(() => adapters.swap("german", patch)).toThrow("The adapter is merged");
  german.unmerge();
  expect(model.name).toBe("every-kind");
});

it("swaps nothing if targets, ranks or methods differ", () => {
  const { model, adapters, rows } = setUp();
  adapters.use("german");
  const before = rows();
  const [{ numTensors }, calls] = [tf.memory(), model.layers.map(({ call }) => call)];
  const swap = (name: string, patch: AdapterPatch) => () => adapters.swap(name, patch);
  const patterns = [{ target: "conv/kernel", rank: 3 }];
  expect(swap("german", lora({ target: ["conv/kernel", "valid/kernel"], rank: 1, patterns }))).toThrow(
    /2 problem\(s\). Nothing was changed.[\s\S]*conv\/kernel has rank 3, and the adapter on the model has rank 2.[\s\S]*valid\/kernel is adapted by the new/,
  );
  expect(swap("german", ia3({ target }))).toThrow("The new adapter is a `ia3` adapter.");
  expect(swap("french", lora({ target }))).toThrow("The adapter on the model is a `ia3` adapter.");
  expect(swap("german", lora({ target, rank: 1, initialization: "pissa" }))).toThrow(
    'The new adapter began with "pissa"',
  );
  expect(swap("dutch", lora({ target }))).toThrow("The model has no adapter `dutch`.");
  expect(rows()).toEqual(before);
  expect(tf.memory().numTensors).toBe(numTensors + 1); // the prediction
  expect(model.layers.map(({ call }) => call)).toEqual(calls);
});

it("combines adapters of different ranks and targets into their weighted sum, in every kind of layer", () => {
  for (const [build, x, targets] of [
    [everyKind, tf.randomUniform([4, 8, 8, 3], -1, 1, "float32", 5), [undefined, ["up/kernel", "dense/kernel"]]],
    [tokens, tf.tensor2d([1, 2, 3, 4, 5, 9], [1, 6], "int32"), [["embed/embeddings", "gru/**"], "gru/kernel"]],
    [volumes, tf.randomUniform([2, 4, 4, 4, 2], -1, 1, "float32", 3), [undefined, "up/kernel"]],
  ] as const) {
    const model = build();
    const [one, two] = targets.map((target, i) =>
      lora({ ...(target === undefined ? {} : { target }), rank: 2 + i }).apply(model),
    ) as [AdapterHandle, AdapterHandle];
    disturb([...one.added, ...two.added].map(({ variable }) => variable));
    const predicted = (): number[] => [...tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync())];
    const both = predicted();
    one.active = false;
    two.active = false;
    const none = predicted();
    const sum = combine([
      { adapter: one, weight: 1 },
      { adapter: two, weight: 1 },
    ]).apply(model);
    expect(predicted()).toEqual(both.map((value) => expect.closeTo(value, 5)));
    one.active = true;
    // An adapter and its negative cancel.
    sum.restore();
    const rest = combine([
      { adapter: one, weight: -1 },
      { adapter: two, weight: 0 },
    ]).apply(model);
    expect(predicted()).toEqual(none.map((value) => expect.closeTo(value, 4)));
    rest.restore();
  }
});

it("combines only adapters of lora, with finite weights", () => {
  const { adapters } = setUp();
  expect(() => combine([])).toThrow("The list is empty.");
  expect(() =>
    combine([
      { adapter: adapters.get("french"), weight: 1 },
      { adapter: adapters.get("german"), weight: Number.NaN },
    ]),
  ).toThrow(/2 problem\(s\)[\s\S]*adapters\[0\] is a `ia3` adapter[\s\S]*adapters\[1\].weight is NaN/);
});
