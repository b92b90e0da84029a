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

/** A trainable convolution, then frozen conv + BN + ReLU blocks, then the sum of squares as loss. */
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

/** Kernels that a step runs, and the most bytes in tensors above what was there before. */
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

describe("frozen layers behind the first trainable one", () => {
  it("cost their input gradient and no filter gradient, where stock tfjs computes every one (M3)", async () => {
    const stock = await step(deep(), false);
    expect(stock.kernels.get("Conv2DBackpropFilter")).toBe(DEPTH + 1);
    for (const blocks of ["exact", "folded"] as const) {
      const model = deep();
      frozenBatchNorm({ blocks }).apply(model);
      const { kernels } = await step(model, true);
      expect(kernels.get("Conv2DBackpropFilter")).toBe(1);
      // One more of the first layer, which is stock's: nobody asked for the gradient of the images.
      expect(kernels.get("Conv2DBackpropInput")).toBe(DEPTH + 1);
      expect(kernels.get("FusedBatchNorm")).toBe(blocks === "exact" ? DEPTH : undefined);
    }
  });

  it("keep one tensor a block, its output: with relu as it is stock that keeps three", async () => {
    // Bytes that six blocks more cost, a block: what the loss and the first layer take falls out.
    const perBlock = async (training: boolean, prepare: (model: tfl.Sequential) => void): Promise<number> => {
      const [short, long] = [deep(DEPTH), deep(2 * DEPTH)];
      for (const model of [short, long]) prepare(model);
      return ((await step(long, training)).bytes - (await step(short, training)).bytes) / DEPTH;
    };
    const folded = await perBlock(true, (model) => frozenBatchNorm({ blocks: "folded" }).apply(model));
    // Besides the output, the folded kernel and its copy on the tape.
    expect(folded).toBeLessThan(1.2 * MAP);
    expect(await perBlock(false, () => {})).toBeGreaterThan(3 * MAP);
  });
});

describe("layers that train, with the batch norm behind them held", () => {
  /** The blocks above alone, with every kernel trained. */
  const tuned = (depth = DEPTH): tfl.Sequential => {
    const model = deep(depth, false);
    for (const layer of model.layers) layer.trainable = layer.getClassName() === "Conv2D";
    return model;
  };

  it("cost no pass over their outputs for the batch norm's scale, and no gradient that nobody reads", async () => {
    const stock = await step(tuned(), false);
    // tfjs's fused convolution computes both gradients of every layer.
    expect(stock.kernels.get("Conv2DBackpropInput")).toBe(DEPTH);
    const model = tuned();
    frozenBatchNorm().apply(model);
    const { kernels } = await step(model, true);
    expect(kernels.get("Conv2DBackpropFilter")).toBe(DEPTH);
    expect(kernels.get("Conv2DBackpropInput")).toBe(DEPTH - 1);
    // ∂y·act'(z) of each block, and those of the loss.
    const ofLoss = (await step(deep(0), true)).kernels.get("Multiply of maps") as number;
    expect(kernels.get("Multiply of maps")).toBe(DEPTH + ofLoss);
  });

  it("keep their input and their output, which is the next one's input", async () => {
    const perBlock = async (training: boolean, prepare: (model: tfl.Sequential) => void): Promise<number> => {
      const [short, long] = [tuned(DEPTH), tuned(2 * DEPTH)];
      for (const model of [short, long]) prepare(model);
      return ((await step(long, training)).bytes - (await step(short, training)).bytes) / DEPTH;
    };
    // The input is the output of the block before, in the same memory; tfjs counts it for either.
    expect(await perBlock(true, (model) => frozenBatchNorm().apply(model))).toBeLessThan(2.2 * MAP);
    expect(await perBlock(false, () => {})).toBeGreaterThan(4 * MAP);
  });

  it("give the gradient of the input to whoever asks for it", () => {
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

describe("a model cut within a block gets what it asked for", () => {
  const x = (): tf.Tensor => tf.randomNormal([2, SIDE, SIDE, 4], 0, 1, "float32", 1);

  it("features of a convolution, in inference and in training without a gradient", () => {
    const model = deep();
    const cut = tfl.model({ inputs: model.inputs, outputs: model.getLayer("conv2").output as tfl.SymbolicTensor });
    const input = x();
    const stock = (cut.predict(input) as tf.Tensor).dataSync();
    frozenBatchNorm({ blocks: "folded" }).apply(model);
    expect((cut.predict(input) as tf.Tensor).dataSync()).toEqual(stock);
    expect((cut.apply(input, { training: true }) as tf.Tensor).dataSync()).toEqual(stock);
  });

  it("a tail that starts at a batch norm gives the gradients of the whole", () => {
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

  it("training another model that ends within a block is an error at its second step, not a wrong result for ever", () => {
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
    expect(once).toThrow(/entered and not left/);
  });
});

it("leaves alone what belongs to the caller: input, ∂y, and everything within a second derivative", () => {
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

it("a run of trained parameters carried over to a fresh base predicts bit for bit; without the patch it does not", async () => {
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
