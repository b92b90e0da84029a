import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, describe, expect, it } from "vitest";
import { frozenBatchNorm } from "../src/index.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const DEPTH = 6;
const SIDE = 16;
/** Bytes of one feature map of the net below: 2 images of 16×16×4 in float32. */
const MAP = 2 * SIDE * SIDE * 4 * 4;

/** Makes a net of a trainable convolution and `depth` frozen blocks of convolution, batch norm and ReLU. */
function deep(depth = DEPTH, hasFirst = true): tfl.Sequential {
  const init = tfl.initializers.glorotUniform({ seed: 2 });
  const conv = (name: string): tfl.layers.Layer =>
    tfl.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", useBias: false, kernelInitializer: init, name });
  const model = tfl.sequential({ layers: [tfl.layers.inputLayer({ inputShape: [SIDE, SIDE, 4] })] });
  if (hasFirst) model.add(conv("first"));
  for (let i = 0; i < depth; i++) {
    for (const layer of [
      conv(`conv${i}`),
      tfl.layers.batchNormalization({ name: `bn${i}` }),
      tfl.layers.reLU({ name: `relu${i}` }),
    ]) {
      layer.trainable = false;
      model.add(layer);
    }
  }
  return model;
}

/** Runs one step. Returns how often each kernel ran, and the peak of the bytes that the step added. */
async function step(
  model: tfl.LayersModel,
  training: boolean,
): Promise<{ kernels: Map<string, number>; bytes: number }> {
  const x = tf.randomNormal([2, SIDE, SIDE, 4], 0, 1, "float32", 1);
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const before = tf.memory().numBytes;
  const loss = (): tf.Scalar => tf.sum(tf.square(model.apply(x, { training }) as tf.Tensor)) as tf.Scalar;
  const { kernels, peakBytes } = await tf.profile(() => {
    const { value, grads } = tf.variableGrads(loss, variables);
    tf.dispose([value, grads]);
  });
  x.dispose();
  const counts = new Map<string, number>();
  for (const { name, outputShapes } of kernels) {
    const isMap = outputShapes[0]?.length === 4 && outputShapes[0][1] === SIDE;
    for (const key of isMap ? [name, `${name} of maps`] : [name]) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return { kernels: counts, bytes: peakBytes - before };
}

describe("frozen layers after the first trainable one", () => {
  it("compute the gradient of their input only; stock tfjs also computes that of every filter (M3)", async () => {
    const stock = await step(deep(), false);
    expect(stock.kernels.get("Conv2DBackpropFilter")).toBe(DEPTH + 1);
    for (const blocks of ["exact", "folded"] as const) {
      const model = deep();
      frozenBatchNorm({ blocks }).apply(model);
      const { kernels } = await step(model, true);
      expect(kernels.get("Conv2DBackpropFilter")).toBe(1);
      // The first layer is a stock layer. It also computes the gradient of the images, which nothing needs.
      expect(kernels.get("Conv2DBackpropInput")).toBe(DEPTH + 1);
      expect(kernels.get("FusedBatchNorm")).toBe(blocks === "exact" ? DEPTH : undefined);
    }
  });

  it("keep one tensor per block, the output; stock tfjs keeps three", async () => {
    // The difference between a deep and a shallow net gives the bytes per block, without those of the loss and the first layer.
    const perBlock = async (training: boolean, prepare: (model: tfl.Sequential) => void): Promise<number> => {
      const [short, long] = [deep(DEPTH), deep(2 * DEPTH)];
      for (const model of [short, long]) prepare(model);
      return ((await step(long, training)).bytes - (await step(short, training)).bytes) / DEPTH;
    };
    const folded = await perBlock(true, (model) => frozenBatchNorm({ blocks: "folded" }).apply(model));
    // The output, the folded kernel, and its copy in gradient recording.
    expect(folded).toBeLessThan(1.2 * MAP);
    expect(await perBlock(false, () => {})).toBeGreaterThan(3 * MAP);
  });
});

describe("layers that train, followed by a frozen batch norm", () => {
  /** Makes the same blocks without the first convolution, and with every kernel trained. */
  const tuned = (depth = DEPTH): tfl.Sequential => {
    const model = deep(depth, false);
    for (const layer of model.layers) layer.trainable = layer.getClassName() === "Conv2D";
    return model;
  };

  it("do not scale their outputs for the batch norm, and compute no gradient that nothing reads", async () => {
    const stock = await step(tuned(), false);
    // The fused convolution of tfjs computes both gradients of every layer.
    expect(stock.kernels.get("Conv2DBackpropInput")).toBe(DEPTH);
    const model = tuned();
    frozenBatchNorm().apply(model);
    const { kernels } = await step(model, true);
    expect(kernels.get("Conv2DBackpropFilter")).toBe(DEPTH);
    expect(kernels.get("Conv2DBackpropInput")).toBe(DEPTH - 1);
    // One product ∂y·act'(z) per block, and those of the loss.
    const ofLoss = (await step(deep(0), true)).kernels.get("Multiply of maps") as number;
    expect(kernels.get("Multiply of maps")).toBe(DEPTH + ofLoss);
  });

  it("keep their input and their output, and the output is the input of the next block", async () => {
    const perBlock = async (training: boolean, prepare: (model: tfl.Sequential) => void): Promise<number> => {
      const [short, long] = [tuned(DEPTH), tuned(2 * DEPTH)];
      for (const model of [short, long]) prepare(model);
      return ((await step(long, training)).bytes - (await step(short, training)).bytes) / DEPTH;
    };
    // The input is the output of the previous block and uses the same memory. tfjs counts it for both.
    expect(await perBlock(true, (model) => frozenBatchNorm().apply(model))).toBeLessThan(2.2 * MAP);
    expect(await perBlock(false, () => {})).toBeGreaterThan(4 * MAP);
  });

  it("give the gradient of the input if it is needed", () => {
    const model = tuned();
    frozenBatchNorm().apply(model);
    const stock = tuned();
    const x = tf.randomNormal([2, SIDE, SIDE, 4], 0, 1, "float32", 1);
    const of = (net: tfl.Sequential, training: boolean): Float32Array =>
      tf.tidy(
        () =>
          tf
            .grad((v) => tf.sum(tf.square(net.apply(v, { training }) as tf.Tensor)))(x)
            .dataSync() as Float32Array,
      );
    const [got, expected] = [of(model, true), of(stock, false)];
    const size = Math.max(...expected.map(Math.abs));
    expect(Math.max(...expected.map((v, i) => Math.abs(v - (got[i] as number)))) / size).toBeLessThan(1e-5);
    expect(x.isDisposed).toBe(false);
  });
});

describe("a model that ends or starts inside a block", () => {
  const x = (): tf.Tensor => tf.randomNormal([2, SIDE, SIDE, 4], 0, 1, "float32", 1);

  it("returns the features of the convolution, in inference and in training without a gradient", () => {
    const model = deep();
    const cut = tfl.model({ inputs: model.inputs, outputs: model.getLayer("conv2").output as tfl.SymbolicTensor });
    const input = x();
    const stock = (cut.predict(input) as tf.Tensor).dataSync();
    frozenBatchNorm({ blocks: "folded" }).apply(model);
    expect((cut.predict(input) as tf.Tensor).dataSync()).toEqual(stock);
    expect((cut.apply(input, { training: true }) as tf.Tensor).dataSync()).toEqual(stock);
  });

  it("gives the right gradients if it starts at a batch norm", () => {
    const model = deep();
    frozenBatchNorm({ blocks: "folded" }).apply(model);
    const start = tf.randomNormal([2, SIDE, SIDE, 4], 0, 1, "float32", 3);
    const tail = (v: tf.Tensor): tf.Tensor =>
      model.layers
        .slice(model.layers.indexOf(model.getLayer("bn3")))
        .reduce((value, layer) => layer.apply(value, { training: true }) as tf.Tensor, v);
    const [value, gradient] = [
      tail(start).dataSync(),
      tf
        .grad((v) => tf.sum(tail(v)))(start)
        .dataSync(),
    ];
    expect(start.isDisposed).toBe(false);
    const stock = deep();
    const plain = (v: tf.Tensor): tf.Tensor =>
      stock.layers
        .slice(stock.layers.indexOf(stock.getLayer("bn3")))
        .reduce((x, layer) => layer.apply(x, { training: false }) as tf.Tensor, v);
    expect(value).toEqual(plain(start).dataSync());
    const expected = tf
      .grad((v) => tf.sum(plain(v)))(start)
      .dataSync();
    expect(Math.max(...expected.map((v, i) => Math.abs(v - (gradient?.[i] as number))))).toBeLessThan(1e-5);
  });

  it("throws at the second step if it ends inside a block and is trained, instead of computing wrong values", () => {
    const model = deep();
    frozenBatchNorm().apply(model);
    const cut = tfl.model({ inputs: model.inputs, outputs: model.getLayer("conv2").output as tfl.SymbolicTensor });
    const kernel = model.getLayer("first").trainableWeights[0]?.read() as tf.Variable;
    const once = (): void => {
      tf.tidy(() =>
        tf.variableGrads(() => tf.sum(cut.apply(x(), { training: true }) as tf.Tensor) as tf.Scalar, [kernel]),
      );
    };
    once();
    expect(once).toThrow(/did not leave it/);
  });
});

it("does not free tensors of the caller: the input, ∂y, and the tensors of a second derivative", () => {
  const model = deep();
  frozenBatchNorm({ blocks: "folded" }).apply(model);
  const input = tf.randomNormal([2, SIDE, SIDE, 4], 0, 1, "float32", 1);
  const dy = tf.ones([2, SIDE, SIDE, 4]);
  const run = (v: tf.Tensor): tf.Tensor => model.apply(v, { training: true }) as tf.Tensor;
  const gradient = tf.grad(run)(input, dy);
  expect([input.isDisposed, dy.isDisposed]).toEqual([false, false]);
  const again = tf.grad(run)(input, dy);
  expect(again.dataSync()).toEqual(gradient.dataSync());
  const slope = tf.grad((v) => tf.sum(tf.square(run(v))));
  const twice = tf.grad((v) => tf.sum(tf.square(slope(v))))(input);
  expect(twice.shape).toEqual(input.shape);
});

it("trained parameters in a fresh base predict the same bits with the patch, and other values without it", async () => {
  for (const patched of [true, false]) {
    const [tuned, fresh] = [deep(), deep()];
    if (patched) frozenBatchNorm().apply(tuned);
    tuned.compile({ optimizer: tf.train.sgd(0.01), loss: "meanSquaredError" });
    const input = tf.randomNormal([4, SIDE, SIDE, 4], 0, 1, "float32", 1);
    await tuned.fit(input, tf.zeros([4, SIDE, SIDE, 4]), { epochs: 2, verbose: 0, shuffle: false });
    fresh.getLayer("first").setWeights(tuned.getLayer("first").getWeights());
    const [a, b] = [tuned, fresh].map((model) => (model.predict(input) as tf.Tensor).dataSync());
    if (patched) expect(b).toEqual(a);
    else expect(b).not.toEqual(a);
  }
});
