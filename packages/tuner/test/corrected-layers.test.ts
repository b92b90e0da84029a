import "@tensorflow/tfjs-backend-cpu";
import { wasmBackend } from "@graftjs/backend-wasm";
import { HookedOptimizer, mapTensors, namedParams, sgd, stateless } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { correctModel, type FineTuneOptions, fineTune, functionAdapter, planFineTune } from "../src/index.ts";
import { registerKerasLayers } from "../src/models/keras/layers/register.ts";
import { mapStore, weightsOf } from "./support.ts";

const L = layers.layers;
const init = (seed: number) => layers.initializers.randomUniform({ minval: -0.5, maxval: 0.5, seed });
const ys = (n: number): tf.Tensor => tf.randomUniform([n, 2], -1, 1, "float32", 8);
const base = {
  loss: "meanSquaredError",
  trainable: "all",
  rule: sgd(),
  learningRate: 0.1,
  epochs: 2,
  batchSize: 4,
} as const;

async function run(model: layers.Sequential, xs: tf.Tensor, more: Partial<FineTuneOptions> = {}): Promise<number[]> {
  const data = { xs, ys: ys(xs.shape[0] as number) };
  const { history, restore } = await fineTune(model, { ...base, data, validation: data, shuffle: false, ...more });
  restore();
  return [...history.loss, ...(history.val_loss as number[])];
}

for (const backend of ["cpu", "wasm"]) {
  describe(`batch norm that stock tfjs computes wrongly, on ${backend}`, () => {
    beforeAll(async () => {
      await (backend === "wasm" ? wasmBackend().init() : tf.setBackend("cpu"));
    });
    afterAll(() => tf.setBackend("cpu"));

    const norm = (more: object): layers.layers.Layer =>
      L.batchNormalization({
        name: "bn",
        momentum: 0.9,
        betaInitializer: init(1),
        gammaInitializer: init(2),
        movingMeanInitializer: init(3),
        movingVarianceInitializer: layers.initializers.randomUniform({ minval: 0.5, maxval: 2, seed: 4 }),
        ...more,
      });
    /** Ends with a mean over all but one axis, so that the order of the other axes does not matter. */
    const net = (first: layers.layers.Layer[], pooled: number[]): layers.Sequential => {
      const model = layers.sequential({ layers: first });
      model.add(L.permute({ dims: pooled }));
      model.add(L.reshape({ targetShape: [-1, first.at(-1) ? 3 : 0] }));
      model.add(L.activation({ activation: "tanh" }));
      model.add(L.globalAveragePooling1d({}));
      model.add(L.dense({ units: 2, name: "head", kernelInitializer: init(5) }));
      return model;
    };

    it("over axis 1, 2 or 3 trains and evaluates as stock tfjs does with that axis moved to the end", async () => {
      const shape = [3, 3, 3];
      const xs = tf.randomNormal([8, ...shape], 1, 2, "float32", 6);
      for (const axis of [1, 2, 3, -3]) {
        const at = axis < 0 ? axis + 4 : axis;
        const dims = [...[1, 2, 3].filter((i) => i !== at), at];
        const moved = net([norm({ axis, inputShape: shape })], dims);
        const stock = net([L.permute({ dims, inputShape: shape }), norm({ axis: -1 })], [1, 2, 3]);
        stock.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" });
        const { history } = await stock.fit(xs, ys(8), {
          epochs: 2,
          batchSize: 4,
          shuffle: false,
          verbose: 0,
          validationData: [xs, ys(8)],
        });
        const got = await run(moved, xs);
        const expected = [...(history.loss as number[]), ...(history.val_loss as number[])];
        expect(got, `axis ${axis}`).toEqual(expected.map((value) => expect.closeTo(value, 4)));
        expect(Object.values(weightsOf(moved)).flat()).toEqual(
          Object.values(weightsOf(stock))
            .flat()
            .map((value) => expect.closeTo(value, 4)),
        );
      }
    });

    it("over five axes trains and evaluates as stock tfjs does with two of them merged", async () => {
      const xs = tf.randomNormal([8, 2, 2, 2, 3], 1, 2, "float32", 6);
      const five = net([norm({ inputShape: [2, 2, 2, 3] })], [1, 2, 3, 4]);
      const four = net([L.reshape({ targetShape: [4, 2, 3], inputShape: [2, 2, 2, 3] }), norm({})], [1, 2, 3]);
      const expected = await run(four, xs);
      expect(await run(five, xs)).toEqual(expected.map((value) => expect.closeTo(value, 5)));
    });

    it("without gamma or beta trains as with a gamma of 1 or a beta of 0 that is frozen", async () => {
      const xs = tf.randomNormal([8, 3, 3, 3], 1, 2, "float32", 6);
      for (const [without, instead, frozen] of [
        [{ scale: false }, { gammaInitializer: "ones" }, "bn/gamma"],
        [{ center: false }, { betaInitializer: "zeros" }, "bn/beta"],
      ] as const) {
        const make = (more: object) => net([norm({ inputShape: [3, 3, 3], ...more })], [1, 2, 3]);
        const expected = await run(make(instead), xs, { trainable: { exclude: [frozen] } });
        expect(await run(make(without), xs)).toEqual(expected.map((value) => expect.closeTo(value, 5)));
      }
    });
  });
}

for (const backend of ["cpu", "wasm"]) {
  describe(`layer norm that stock tfjs cannot train, on ${backend}`, () => {
    beforeAll(async () => {
      await (backend === "wasm" ? wasmBackend().init() : tf.setBackend("cpu"));
    });
    afterAll(() => tf.setBackend("cpu"));

    const norm = (more: object): layers.layers.Layer =>
      L.layerNormalization({ name: "ln", betaInitializer: init(1), gammaInitializer: init(2), ...more });
    const net = (...first: layers.layers.Layer[]): layers.Sequential =>
      layers.sequential({
        layers: [...first, L.flatten(), L.dense({ units: 2, name: "head", kernelInitializer: init(5) })],
      });
    const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 5));

    it("trains without gamma or beta as with a gamma of 1 or a beta of 0 that is frozen", async () => {
      const xs = tf.randomNormal([8, 4, 3], 1, 2, "float32", 6);
      const body = () => L.dense({ units: 3, inputShape: [4, 3], kernelInitializer: init(4), name: "body" });
      const withoutGamma = { scale: false };
      const withoutBeta = { center: false };
      for (const axis of [-1, 1, [1, 2]]) {
        for (const [without, instead, frozen] of [
          [withoutGamma, { gammaInitializer: "ones" }, "ln/gamma"],
          [withoutBeta, { betaInitializer: "zeros" }, "ln/beta"],
        ] as const) {
          const expected = await run(net(body(), norm({ axis, ...instead })), xs, { trainable: { exclude: [frozen] } });
          expect(await run(net(body(), norm({ axis, ...without })), xs), `${axis}`).toEqual(close(expected));
        }
        const both = { gammaInitializer: "ones", betaInitializer: "zeros" };
        const expected = await run(net(body(), norm({ axis, ...both })), xs, { trainable: { exclude: ["ln/**"] } });
        const got = await run(net(body(), norm({ axis, ...withoutGamma, ...withoutBeta })), xs);
        expect(got).toEqual(close(expected));
        expect(got[1]).not.toBe(got[0]);
      }
    });

    it("trains over five axes as stock does with two of them merged", async () => {
      const xs = tf.randomNormal([8, 2, 2, 2, 3], 1, 2, "float32", 6);
      const four = net(L.reshape({ targetShape: [4, 2, 3], inputShape: [2, 2, 2, 3] }), norm({}));
      const expected = await run(four, xs);
      expect(await run(net(norm({ inputShape: [2, 2, 2, 3] })), xs)).toEqual(close(expected));
    });

    it("throws in stock", async () => {
      const stock = net(norm({ scale: false, inputShape: [4, 3] }));
      stock.compile({ optimizer: "sgd", loss: "meanSquaredError" });
      await expect(stock.fit(tf.ones([4, 4, 3]), ys(4), { verbose: 0 })).rejects.toThrow();
    });
  });
}

describe("the layer rnn over cells with dropout", () => {
  beforeEach(() => tf.setBackend("cpu"));
  const cell = (name: "lstmCell" | "gruCell" | "simpleRNNCell", units = 4) =>
    L[name]({ units, dropout: 0.5, recurrentDropout: 0.3, kernelInitializer: init(1), recurrentInitializer: init(2) });
  const kinds: Record<string, () => layers.layers.Layer> = {
    lstm: () => L.rnn({ cell: cell("lstmCell"), inputShape: [5, 3], name: "rnn" }),
    gru: () => L.rnn({ cell: cell("gruCell"), inputShape: [5, 3], name: "rnn" }),
    simple: () => L.rnn({ cell: cell("simpleRNNCell"), inputShape: [5, 3], name: "rnn" }),
    stacked: () => L.rnn({ cell: [cell("lstmCell"), cell("gruCell", 3)] as never, inputShape: [5, 3], name: "rnn" }),
  };
  for (const [name, layer] of Object.entries(kinds)) {
    it(`${name}: has new masks in every step, takes a shorter last batch, resumes exactly and leaves no tensor`, async () => {
      const make = () =>
        layers.sequential({ layers: [layer(), L.dense({ units: 2, name: "head", kernelInitializer: init(3) })] });
      const xs = tf.randomNormal([10, 5, 3], 0, 1, "float32", 6);
      const still = await run(make(), xs, { learningRate: 0, epochs: 3, batchSize: 10 });
      expect(new Set(still.slice(0, 3)).size).toBe(3);
      // In inference cells drop nothing.
      expect(new Set(still.slice(3)).size).toBe(1);
      const options = { ...base, data: { xs, ys: ys(10) }, epochs: 3, shuffle: false } as const;
      const whole = make();
      await fineTune(whole, options).then(({ restore }) => restore());
      const store = mapStore();
      (await fineTune(make(), { ...options, maxSteps: 4, checkpoint: { to: store } })).restore();
      const resumed = make();
      (await fineTune(resumed, { ...options, checkpoint: { to: store, resume: true } })).restore();
      expect(weightsOf(resumed)).toEqual(weightsOf(whole));
      const before = tf.memory().numTensors;
      (await fineTune(whole, options)).restore();
      expect(tf.memory().numTensors).toBe(before);
      expect(Object.hasOwn(whole.layers[0] as object, "call")).toBe(false);
    });
  }
});

describe("correctModel", () => {
  beforeEach(() => tf.setBackend("cpu"));
  // A pool whose windows pass the edge and a nearest resize have wrong gradients in stock; batch norm over axis 1 throws.
  const make = (): layers.Sequential =>
    layers.sequential({
      layers: [
        L.conv2d({ filters: 3, kernelSize: 2, inputShape: [5, 5, 2], kernelInitializer: init(1), name: "conv" }),
        L.batchNormalization({ axis: 1, gammaInitializer: init(2), name: "bn" }),
        L.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" }),
        L.upSampling2d({ size: [2, 2] }),
        L.flatten(),
        L.dense({ units: 2, kernelInitializer: init(3), name: "head" }),
      ],
    });
  const data = () => ({ xs: tf.randomNormal([8, 5, 5, 2], 0, 1, "float32", 6), ys: ys(8) });
  async function fit(model: layers.Sequential): Promise<readonly number[]> {
    const optimizer = new HookedOptimizer({ params: namedParams(model), rule: sgd(), learningRate: 0.1 });
    model.compile({ optimizer, loss: "meanSquaredError" });
    const { xs, ys } = data();
    await model.fit(xs, ys, { epochs: 2, batchSize: 4, shuffle: false, verbose: 0 });
    optimizer.dispose();
    return Object.values(weightsOf(model)).flat();
  }

  it("makes model.fit train as fineTune does, and gives back tfjs's layers and gradients", async () => {
    const tuned = make();
    await run(tuned, data().xs);
    const expected = Object.values(weightsOf(tuned)).flat();
    const stock = tf.getGradient("AvgPool");
    const model = make();
    const restore = correctModel(model);
    expect(await fit(model)).toEqual(expected.map((value) => expect.closeTo(value, 5)));
    restore();
    restore();
    expect(tf.getGradient("AvgPool")).toBe(stock);
    expect(model.layers.some((layer) => Object.hasOwn(layer, "call"))).toBe(false);
    await expect(fit(make())).rejects.toThrow();
  });

  it("refuses what is not a model", () => {
    expect(() => correctModel({} as never)).toThrow(/neither a LayersModel nor an adapter/);
  });
});

describe("stock tfjs", () => {
  beforeEach(() => tf.setBackend("cpu"));
  const compiled = (model: layers.LayersModel): layers.LayersModel => {
    model.compile({ optimizer: tf.train.sgd(0), loss: "meanSquaredError" });
    return model;
  };

  it("normalizes by the factors of other channels if batch norm has another axis than the last", async () => {
    // By hand: every value of channel 0 is its mean, 0, and every value of channel 1 is its mean, 10. So all results are 0.
    const model = layers.sequential({
      layers: [
        L.batchNormalization({ axis: 1, momentum: 1, inputShape: [2, 3, 2], name: "bn" }),
        L.flatten({}),
        L.dense({ units: 12, name: "head", kernelInitializer: "identity" }),
      ],
    });
    const [gamma, beta] = [tf.ones([2]), tf.zeros([2])];
    (model.layers[0] as layers.layers.Layer).setWeights([gamma, beta, tf.tensor1d([0, 10]), tf.ones([2])]);
    const xs = tf.tile(tf.reshape(tf.tensor1d([0, 10]), [1, 2, 1, 1]), [4, 1, 3, 2]);
    const data = { xs, ys: tf.zeros([4, 12]) };
    const stock = compiled(model).evaluate(data.xs, data.ys) as tf.Scalar;
    expect(stock.dataSync()[0]).toBeGreaterThan(10);
    const { history } = await fineTune(model, { ...base, data, validation: data, trainable: "head", learningRate: 0 });
    expect(history.val_loss?.[0]).toBeCloseTo(0, 5);
  });

  it("keeps the first dropout mask of cells, so a shorter last batch throws", async () => {
    const cell = L.lstmCell({ units: 2, dropout: 0.5, recurrentInitializer: init(1) });
    const model = layers.sequential({ layers: [L.rnn({ cell, inputShape: [3, 2] })] });
    const fit = compiled(model).fit(tf.ones([5, 3, 2]), ys(5), { batchSize: 3, shuffle: false, verbose: 0 });
    await expect(fit).rejects.toThrow();
  });

  it("throws behind a merge of masked inputs", () => {
    const [a, b] = [layers.input({ shape: [3] }), layers.input({ shape: [3] })];
    const embedded = [a, b].map((ids) => L.embedding({ inputDim: 4, outputDim: 2, maskZero: true }).apply(ids));
    const outputs = L.simpleRNN({ units: 2, recurrentInitializer: init(1) }).apply(
      L.add().apply(embedded as layers.SymbolicTensor[]),
    );
    const model = layers.model({ inputs: [a, b], outputs: outputs as layers.SymbolicTensor });
    expect(() => model.predict([tf.ones([1, 3]), tf.ones([1, 3])])).toThrow();
  });

  it("ignores the dilation rate of a DepthwiseConv2D", () => {
    const predict = (dilationRate: number): number[] => {
      const options = { kernelSize: 2, padding: "same", depthwiseInitializer: init(1) } as const;
      const model = layers.sequential({
        layers: [L.depthwiseConv2d({ ...options, dilationRate, inputShape: [4, 4, 1] })],
      });
      const x = tf.reshape(tf.range(0, 16), [1, 4, 4, 1]);
      return [...(model.predict(x) as tf.Tensor).dataSync()];
    };
    expect(predict(2)).toEqual(predict(1));
  });
});

describe("layers that stock tfjs cannot train", () => {
  beforeEach(() => tf.setBackend("cpu"));
  const conv1d = (more: object) =>
    L.conv1d({
      filters: 2,
      kernelSize: 3,
      inputShape: [7, 3],
      kernelInitializer: init(1),
      name: "conv",
      activation: "tanh",
      ...more,
    } as never);
  const conv2d = (more: object) =>
    L.conv2d({
      filters: 2,
      kernelSize: 2,
      inputShape: [5, 5, 3],
      kernelInitializer: init(1),
      name: "conv",
      ...more,
    } as never);
  const net = (first: layers.layers.Layer[]): layers.Sequential =>
    layers.sequential({
      layers: [...first, L.flatten(), L.dense({ units: 2, name: "head", kernelInitializer: init(5) })],
    });
  const input = (shape: number[]): tf.Tensor => tf.randomNormal([8, ...shape], 0, 1, "float32", 6);

  it("a causal Conv1D trains as one whose input was padded in front", async () => {
    const pooledNet = (more: object): layers.Sequential =>
      layers.sequential({
        layers: [
          conv1d(more),
          L.globalAveragePooling1d({}),
          L.dense({ units: 2, name: "head", kernelInitializer: init(5) }),
        ],
      });
    const xs = input([7, 3]);
    for (const dilationRate of [1, 2]) {
      const front = 2 * dilationRate;
      const padded = tf.pad(xs as tf.Tensor3D, [
        [0, 0],
        [front, 0],
        [0, 0],
      ]);
      const expected = await run(pooledNet({ inputShape: [7 + front, 3], dilationRate }), padded);
      const got = await run(pooledNet({ padding: "causal", dilationRate }), xs);
      expect(got).toEqual(expected.map((value) => expect.closeTo(value, 5)));
    }
    const model = pooledNet({ padding: "causal" });
    const data = { xs, ys: ys(8) };
    const { plan, restore } = await fineTune(model, { ...base, data, trainable: "head" });
    restore();
    expect(plan.trunk.layers).toBe(2);
  });

  it("a dilated convolution trains as a wide one whose other weights are held at 0", async () => {
    for (const [make, shape, wide, options] of [
      [conv1d, [7, 3], [5, 3, 2], { kernelSize: 5 }],
      [conv2d, [5, 5, 3], [3, 3, 3, 2], { kernelSize: 3 }],
    ] as const) {
      const xs = input([...shape]);
      const narrow = net([make({ dilationRate: 2 })]);
      const kernel = (narrow.layers[0] as layers.layers.Layer).getWeights()[0] as tf.Tensor;
      const spread = tf.buffer([...wide]);
      const mask = tf.buffer([...wide]);
      const data = kernel.dataSync();
      for (let i = 0; i < data.length; i++) {
        const at = place(i, kernel.shape).map((n, axis) => (axis < kernel.rank - 2 ? 2 * n : n));
        spread.set(data[i] as number, ...at);
        mask.set(1, ...at);
      }
      const wideNet = net([make(options)]);
      (wideNet.layers[0] as layers.layers.Layer).setWeights([spread.toTensor(), tf.zeros([2])]);
      const held = mask.toTensor();
      const masks = stateless("mask", (grads) =>
        mapTensors(grads, (grad, name) => (name === "conv/kernel" ? tf.mul(grad, held) : grad)),
      );
      const expected = await run(wideNet, xs, { hooks: [masks] });
      const got = await run(narrow, xs);
      expect(got).toEqual(expected.map((value) => expect.closeTo(value, 5)));
      expect(got[1]).not.toBe(got[0]);
    }
  });

  it("dilated and transposed convolutions train, and throw in stock", async () => {
    registerKerasLayers();
    const more = { kernelSize: 2, dilationRate: 2, name: "conv", kernelInitializer: init(1) } as const;
    const separable = { depthwiseInitializer: init(1), pointwiseInitializer: init(2), kernelInitializer: undefined };
    const made: [layers.layers.Layer, number[]][] = [
      [L.conv1d({ ...more, filters: 2, inputShape: [6, 2] }), [6, 2]],
      [L.conv2d({ ...more, filters: 2, inputShape: [5, 5, 2] }), [5, 5, 2]],
      [L.conv2d({ ...more, filters: 2, inputShape: [5, 5, 2], activation: "relu" }), [5, 5, 2]],
      [L.conv3d({ ...more, filters: 2, inputShape: [4, 4, 4, 2] }), [4, 4, 4, 2]],
      [L.separableConv2d({ ...more, ...separable, filters: 2, inputShape: [5, 5, 2] } as never), [5, 5, 2]],
      [L.conv3dTranspose({ ...more, dilationRate: 1, filters: 2, inputShape: [2, 2, 2, 2] }), [2, 2, 2, 2]],
      [kerasLayer("KerasConv1D", { ...more, filters: 2, padding: "causal", inputShape: [6, 2] }), [6, 2]],
      [kerasLayer("KerasConv2D", { ...more, filters: 2, groups: 2, inputShape: [5, 5, 2] }), [5, 5, 2]],
      [kerasLayer("KerasDepthwiseConv2D", { ...more, depthMultiplier: 2, inputShape: [5, 5, 2] }), [5, 5, 2]],
    ];
    for (const [layer, shape] of made) {
      const model = net([layer]);
      const kind = layer.getClassName();
      const before = weightsOf(model);
      const losses = await run(model, input(shape), { epochs: 5, learningRate: 0.05 });
      expect(losses[4], kind).toBeLessThan(losses[0] as number);
      for (const [name, values] of Object.entries(before))
        expect(weightsOf(model)[name], `${kind} ${name}`).not.toEqual(values);
      model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
      await expect(model.fit(input(shape), ys(8), { verbose: 0 }), kind).rejects.toThrow(/gradient/);
    }
  });

  it("that cannot be right are refused by name before anything is computed, with a way out", async () => {
    const data = { xs: input([5, 5, 3]), ys: ys(8) };
    const depthwise = L.depthwiseConv2d({ kernelSize: 2, dilationRate: 2, inputShape: [5, 5, 3], name: "deep" });
    const resizing = L.resizing({ height: 3, width: 3, inputShape: [5, 5, 3], name: "small" } as never);
    for (const [model, message] of [
      [
        layers.sequential({ layers: [depthwise, L.globalAveragePooling2d({}), L.dense({ units: 2, name: "head" })] }),
        /`deep` \(DepthwiseConv2D\): .*ignores its `dilationRate` of 2 × 2[\s\S]*Set `dilationRate` to 1/,
      ],
      [layers.sequential({ layers: [resizing] }), /`small` \(Resizing\): [\s\S]*Resize the pictures before training/],
    ] as const) {
      const trainable = "all";
      for (const act of [fineTune, planFineTune])
        await expect(act(model, { ...base, data, trainable })).rejects.toThrow(message);
    }
    const causal = net([conv1d({ padding: "causal" })]);
    const options = { ...base, data: { xs: input([7, 3]), ys: data.ys } };
    const start = tf.memory().numTensors;
    await expect(fineTune(causal, options)).rejects.toThrow(
      /`conv` \(Conv1D\): [\s\S]*wrong output length[\s\S]*`padding: "valid"`/,
    );
    expect(tf.memory().numTensors).toBe(start);
  });

  it("a Softmax over another axis trains as one over the last of a transposed input", async () => {
    const xs = input([4, 3]);
    const turned = net([
      L.dense({ units: 3, inputShape: [4, 3], kernelInitializer: init(1), name: "body" }),
      L.permute({ dims: [2, 1] }),
      L.softmax({ axis: -1 }),
      L.permute({ dims: [2, 1] }),
    ]);
    const expected = await run(turned, xs);
    const body = () => L.dense({ units: 3, inputShape: [4, 3], kernelInitializer: init(1), name: "body" });
    for (const axis of [1, -2])
      expect(await run(net([body(), L.softmax({ axis })]), xs)).toEqual(
        expected.map((value) => expect.closeTo(value, 5)),
      );
  });

  it("merges of masked inputs count a place that any input counts, as in Keras 3", async () => {
    const merges = { add: L.add, average: L.average, maximum: L.maximum, minimum: L.minimum, multiply: L.multiply };
    for (const merge of Object.values(merges)) {
      const [a, b] = [layers.input({ shape: [3] }), layers.input({ shape: [3] })];
      const of = (ids: layers.SymbolicTensor, seed: number) =>
        L.embedding({ inputDim: 4, outputDim: 2, maskZero: true, embeddingsInitializer: init(seed) }).apply(ids);
      const merged = merge({ name: "merged" }).apply([of(a, 1), of(b, 2)] as layers.SymbolicTensor[]);
      const state = L.simpleRNN({ units: 2, kernelInitializer: init(3), recurrentInitializer: init(4), name: "rnn" });
      const outputs = state.apply(merged) as layers.SymbolicTensor;
      const model = layers.model({ inputs: [a, b], outputs });
      // Place 1 is padding in both inputs, places 0 and 2 in one of them.
      const xs = [tf.tensor2d([[1, 0, 0]]), tf.tensor2d([[0, 0, 2]])];
      const data = { xs, ys: tf.zeros([1, 2]) };
      const { history } = await fineTune(model, { ...base, data, learningRate: 0, epochs: 1, batchSize: 1 });
      // By hand: the state skips place 1.
      const [e, f, w, u] = model.getWeights().map((t) => t.arraySync()) as number[][][];
      const one = (x: number, y: number): number =>
        ({ add: x + y, average: (x + y) / 2, maximum: Math.max(x, y), minimum: Math.min(x, y), multiply: x * y })[
          Object.keys(merges).find((key) => merges[key as "add"] === merge) as "add"
        ];
      let h = [0, 0];
      for (const [i, j] of [
        [1, 0],
        [0, 2],
      ] as const) {
        const x = [0, 1].map((k) => one(e?.[i]?.[k] as number, f?.[j]?.[k] as number));
        h = [0, 1].map((k) =>
          Math.tanh(
            [0, 1].reduce(
              (sum, l) => sum + (x[l] as number) * (w?.[l]?.[k] as number) + (h[l] as number) * (u?.[l]?.[k] as number),
              0,
            ),
          ),
        );
      }
      expect(history.loss[0]).toBeCloseTo(((h[0] as number) ** 2 + (h[1] as number) ** 2) / 2, 5);
    }
  });

  it("a merge of inputs without masks predicts after a run, before and after restore()", async () => {
    const input = layers.input({ shape: [3] });
    const body = L.dense({ units: 3, name: "body", kernelInitializer: init(1) });
    const joined = L.add().apply([input, body.apply(input) as layers.SymbolicTensor]);
    const head = L.dense({ units: 2, name: "head", kernelInitializer: init(2) });
    const model = layers.model({ inputs: input, outputs: head.apply(joined) as layers.SymbolicTensor });
    const xs = tf.randomNormal([8, 3], 0, 1, "float32", 3);
    const { restore } = await fineTune(model, { ...base, data: { xs, ys: ys(8) } });
    const before = [...(model.predict(xs) as tf.Tensor).dataSync()];
    restore();
    expect([...(model.predict(xs) as tf.Tensor).dataSync()]).toEqual(before);
  });

  it("a bilinear UpSampling2D computes by the centres of pixels, as Keras does, and stock does not", async () => {
    for (const backend of ["cpu", "wasm"]) {
      await (backend === "wasm" ? wasmBackend().init() : tf.setBackend("cpu"));
      for (const dataFormat of ["channelsLast", "channelsFirst"] as const) {
        const inputShape = dataFormat === "channelsLast" ? [1, 2, 1] : [1, 1, 2];
        const up = L.upSampling2d({ size: [1, 2], interpolation: "bilinear", dataFormat, name: "up" });
        const scale = L.dense({ units: 1, useBias: false, kernelInitializer: "ones", name: "scale" });
        const model = layers.sequential({
          layers: [L.reshape({ targetShape: [2, 1], inputShape }), scale, L.reshape({ targetShape: inputShape }), up],
        });
        model.add(L.flatten());
        const xs = tf.tensor([0, 1], [1, ...inputShape]);
        const stock = (model.predict(xs) as tf.Tensor).dataSync();
        expect([...stock]).toEqual([0, 0.5, 1, 1]);
        // By hand: Keras gives [0, 0.25, 0.75, 1] w. With zeros as labels, the loss is 1.625 w² / 4, and its derivative 1.625 w / 2.
        const data = { xs, ys: tf.zeros([1, 4]) };
        const { history, restore } = await fineTune(model, {
          ...base,
          data,
          validation: data,
          epochs: 1,
          batchSize: 1,
        });
        expect(history.loss[0]).toBeCloseTo(1.625 / 4, 6);
        const w = 1 - (0.1 * 1.625) / 2;
        expect(weightsOf(model)["scale/kernel"]?.[0]).toBeCloseTo(w, 6);
        expect(history.val_loss?.[0]).toBeCloseTo((1.625 * w * w) / 4, 6);
        restore();
      }
    }
    await tf.setBackend("cpu");
  });

  it("GlobalAveragePooling1D leaves masked places out of the mean, as Keras does, and stock does not", async () => {
    const build = (between: layers.layers.Layer[]): layers.Sequential =>
      layers.sequential({
        layers: [
          L.embedding({ inputDim: 3, outputDim: 1, maskZero: true, inputLength: 3, name: "embedding" }),
          ...between,
          L.globalAveragePooling1d({}),
        ],
      });
    for (const backend of ["cpu", "wasm"]) {
      await (backend === "wasm" ? wasmBackend().init() : tf.setBackend("cpu"));
      // Nothing but the first place of the first example, and the first two of the second, counts.
      const xs = tf.tensor2d([
        [1, 0, 0],
        [1, 2, 0],
      ]);
      const data = { xs, ys: tf.zeros([2, 1]) };
      const rows = tf.tensor2d([[7], [2], [4]]);
      const masked = build([]);
      masked.setWeights([rows]);
      expect([...(masked.predict(xs) as tf.Tensor).dataSync()]).toEqual(
        [16 / 3, 13 / 3].map((v) => expect.closeTo(v, 4)),
      );
      const { history, restore } = await fineTune(masked, { ...base, data, validation: data, epochs: 1, batchSize: 2 });
      // By hand: the means are 2 and 3. The derivatives of their mean square are 2 + 3/2 for row 1, 3/2 for row 2 and 0 for row 0.
      expect(history.loss[0]).toBeCloseTo((2 ** 2 + 3 ** 2) / 2, 5);
      const [pad, one, two] = weightsOf(masked)["embedding/embeddings"] as number[];
      expect([pad, one, two]).toEqual([7, 2 - 0.35, 4 - 0.15].map((v) => expect.closeTo(v, 5)));
      const means = [1.65, (1.65 + 3.85) / 2];
      expect(history.val_loss?.[0]).toBeCloseTo(((means[0] as number) ** 2 + (means[1] as number) ** 2) / 2, 4);
      expect([...(masked.predict(xs) as tf.Tensor).dataSync()]).toEqual(means.map((v) => expect.closeTo(v, 4)));
      restore();
      // A convolution has no mask, although `predict` of tfjs-layers passes its mask to the layer after it.
      const conv = L.conv1d({ filters: 1, kernelSize: 1, useBias: false, kernelInitializer: "ones" });
      const unmasked = build([conv]);
      unmasked.setWeights([rows, tf.ones([1, 1, 1])]);
      const run = await fineTune(unmasked, { ...base, data, learningRate: 0, epochs: 1, batchSize: 2 });
      expect(run.history.loss[0]).toBeCloseTo(((16 / 3) ** 2 + (13 / 3) ** 2) / 2, 4);
      expect([...(unmasked.predict(xs) as tf.Tensor).dataSync()]).toEqual(
        [16 / 3, 13 / 3].map((v) => expect.closeTo(v, 4)),
      );
      run.restore();
    }
    await tf.setBackend("cpu");
  });

  it("are part of a frozen trunk", async () => {
    const model = net([conv1d({ dilationRate: 2 }), L.softmax({ axis: 1 })]);
    const { plan, restore } = await fineTune(model, {
      ...base,
      data: { xs: input([7, 3]), ys: ys(8) },
      trainable: "head",
    });
    restore();
    expect(plan.trunk.layers).toBe(3);
    expect(Object.hasOwn(model.layers[0] as object, "call")).toBe(false);
  });
});

describe("an op without a gradient", () => {
  beforeEach(() => tf.setBackend("cpu"));
  /** tfjs has no gradient of a running product. */
  class RunningProduct extends layers.layers.Layer {
    static readonly className = "RunningProduct";
    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.cumprod(Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs, 1);
    }
    override computeOutputShape(shape: layers.Shape | layers.Shape[]): layers.Shape {
      return shape as layers.Shape;
    }
  }
  const net = (): layers.Sequential =>
    layers.sequential({
      layers: [
        L.dense({ units: 3, inputShape: [3], name: "body" }),
        new RunningProduct({ name: "product" }),
        L.dense({ units: 2, name: "head" }),
      ],
    });

  it("is named with its layer before the trunk runs, by a plan without a probe too", async () => {
    const xs = tf.randomNormal([8, 3], 0, 1, "float32", 6);
    const model = net();
    const [weights, data] = [weightsOf(model), { xs, ys: ys(8) }];
    const start = tf.memory().numTensors;
    const message =
      /`product` \(RunningProduct\) cannot be trained: tfjs has no gradient for `Cumprod`[\s\S]*Train only layers after it/;
    await expect(fineTune(model, { ...base, data })).rejects.toThrow(message);
    await expect(planFineTune(model, { ...base, data }, { probe: false })).rejects.toThrow(message);
    await expect(fineTune(model, { ...base, data: { stream: [data], examples: 8 } })).rejects.toThrow(message);
    const unfreeze = [{ epoch: 1, trainable: "body" }];
    await expect(fineTune(model, { ...base, data, trainable: "head", unfreeze })).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(start);
    expect(weightsOf(model)).toEqual(weights);
    const { history } = await fineTune(model, { ...base, data, trainable: "head" });
    expect(history.loss.every(Number.isFinite)).toBe(true);
  });

  it("is named in a loss function", async () => {
    const xs = tf.randomNormal([8, 3], 0, 1, "float32", 6);
    const model = layers.sequential({ layers: [L.dense({ units: 2, inputShape: [3], name: "head" })] });
    const loss = (labels: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.mean(tf.cumprod(tf.square(tf.sub(labels, y)), 1));
    const before = weightsOf(model);
    await expect(fineTune(model, { ...base, loss, data: { xs, ys: ys(8) } })).rejects.toThrow(
      /The loss .* cannot be trained: tfjs has no gradient for `Cumprod`/,
    );
    expect(weightsOf(model)).toEqual(before);
  });
});

/** Makes a layer that Graft adds to tfjs-layers. */
function kerasLayer(className: string, config: object): layers.layers.Layer {
  const made = tf.serialization.SerializationMap.getMap().classNameMap[className]?.[0] as unknown as new (
    config: object,
  ) => layers.layers.Layer;
  return new made(config);
}

/** Returns the position of element i of a tensor. */
function place(i: number, shape: readonly number[]): number[] {
  return shape.map((size, axis) => Math.floor(i / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % size);
}

describe("products of matrices that broadcast", () => {
  beforeEach(() => tf.setBackend("cpu"));

  it("train as if the repeated matrix was tiled, and leave tfjs's own gradient in place afterwards", async () => {
    const stock = tf.getGradient("BatchMatMul");
    const x = tf.randomNormal([6, 2, 3, 4], 0, 1, "float32", 5);
    for (const [shape, transposed] of [
      [[4, 5], false],
      [[5, 4], true],
      [[2, 4, 5], false],
      [[1, 2, 4, 5], false],
    ] as const) {
      const train = async (tiled: boolean): Promise<number[]> => {
        const w = tf.variable(tf.randomNormal([...shape], 0, 1, "float32", 6));
        const forward = ([input]: readonly tf.Tensor[]): tf.Tensor => {
          const batch = (input as tf.Tensor).shape.slice(0, 2);
          const full = tf.reshape(w, [...Array<number>(4 - shape.length).fill(1), ...shape]);
          const reps = [...batch.map((size, i) => size / (full.shape[i] as number)), 1, 1];
          const matrix = tiled ? tf.tile(full, reps) : w;
          return tf.mean(tf.square(tf.matMul(input as tf.Tensor, matrix as tf.Tensor, false, transposed)), [1, 2]);
        };
        const model = functionAdapter({
          variables: { "net/w": w },
          forward,
          inputs: { x: [null, 2, 3, 4] },
          outputs: { y: [null, 5] },
        });
        const data = { xs: x, ys: tf.randomNormal([6, 5], 0, 1, "float32", 7) };
        (await fineTune(model, { ...base, data, rule: sgd(), learningRate: 0.01, batchSize: 3 })).restore();
        return [...w.dataSync()];
      };
      const expected = await train(true);
      expect(await train(false), `[${shape}]`).toEqual(expected.map((value) => expect.closeTo(value, 5)));
    }
    expect(tf.getGradient("BatchMatMul")).toBe(stock);
  });
});
