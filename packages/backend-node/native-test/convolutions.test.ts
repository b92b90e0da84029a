import type { BackendSession } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nativeBackend } from "../src/index.ts";
import { planOf } from "../src/kernels/deferred/deferred.ts";
import { nativeOf } from "../src/kernels/native.ts";
import type { NativeKernelBackend } from "../src/load/native-backend-types.ts";
import { fuseKernels } from "../src/training-kernels.ts";

let session: BackendSession;
beforeAll(async () => {
  session = await nativeBackend({ fused: false }).init();
});
afterAll(() => session.dispose());

/** Runs our kernels and stock tfjs-node. Checks that both leave the same number of tensors and handles. */
function both<T>(compute: () => T): [T, T] {
  const backend = tf.backend() as NativeKernelBackend;
  const counts = (): number[] => [tf.memory().numTensors, tf.memory().numDataBuffers];
  const before = counts();
  const fusion = fuseKernels(backend);
  const handles = backend.binding.getNumOfTensors();
  let ours: T;
  try {
    ours = compute();
    // Call it once before, because the first call caches scalars and shapes.
    const kept = backend.binding.getNumOfTensors() - handles;
    compute();
    expect(backend.binding.getNumOfTensors() - handles).toBe(kept);
  } finally {
    fusion.dispose();
  }
  expect(counts()).toEqual(before);
  return [ours, compute()];
}

const random = <S extends number[]>(shape: S, seed: number): tf.Tensor =>
  tf.randomNormal(shape, 0.2, 1, "float32", seed);
const values = (tensors: readonly tf.Tensor[]): number[][] => tensors.map((tensor) => Array.from(tensor.dataSync()));

function expectClose([ours, stock]: [number[][], number[][]], tolerance = 2e-5): void {
  expect(ours.map((list) => list.length)).toEqual(stock.map((list) => list.length));
  stock.forEach((list, i) => {
    const size = list.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
    const worst = list.reduce((most, value, j) => Math.max(most, Math.abs(value - (ours[i]?.[j] as number))), 0);
    expect(worst / size).toBeLessThan(tolerance);
  });
}

/** Computes `f` and its gradients for both operands. */
function valueAndGradients(shapes: readonly number[][], f: (x: tf.Tensor4D, w: tf.Tensor4D) => tf.Tensor): number[][] {
  return tf.tidy(() => {
    const given = shapes.map((shape, i) => random(shape, i + 1));
    const g = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => f(x as tf.Tensor4D, w as tf.Tensor4D);
    const y = g(given[0] as tf.Tensor, given[1] as tf.Tensor);
    const dy = random(y.shape, 5);
    const together = tf.grads((x: tf.Tensor, w: tf.Tensor) => g(x, w));
    return values([y, ...together(given, dy)]);
  });
}

describe("convolutions agree with stock tfjs-node", () => {
  it.each([
    [1, 1, 1, 1, 1],
    [2, 5, 7, 3, 17],
    [1, 13, 11, 37, 16],
    [3, 4, 4, 16, 33],
    [2, 9, 9, 700, 5],
    [2, 31, 33, 24, 150],
    [16, 14, 14, 96, 64],
  ])("1×1, %i×%i×%i, %i to %i channels: value and gradients", (batch, height, width, depth, columns) => {
    const shapes = [
      [batch, height, width, depth],
      [1, 1, depth, columns],
    ];
    expectClose(both(() => valueAndGradients(shapes, (x, w) => tf.conv2d(x, w, 1, "same"))));
  });

  it("1×1 with a NaN and an infinity in x: the same values are not finite", () => {
    const compute = (): number[][] =>
      tf.tidy(() => {
        const x = tf.tensor4d([1, Number.NaN, 2, Number.POSITIVE_INFINITY, -1, 0], [1, 3, 1, 2]);
        const y = tf.conv2d(x, tf.ones([1, 1, 2, 3]) as tf.Tensor4D, 1, "valid");
        return values([tf.relu6(y)]);
      });
    const [ours, stock] = both(compute);
    expect(ours).toEqual(stock);
  });

  it.each([
    [2, 9, 8, 5, 3, 1, "same"],
    [2, 9, 8, 37, 3, 2, "same"],
    [1, 7, 7, 64, 5, 2, "valid"],
    [1, 3, 3, 8, 5, 1, "same"],
    [3, 12, 10, 96, 3, 1, "valid"],
    [1, 6, 5, 1, 2, 3, "same"],
    [2, 33, 31, 40, 3, 2, "same"],
  ] as const)("depthwise, %i×%i×%i×%i, filter %i, stride %i, padding %s: value and gradients", (...given) => {
    const [batch, height, width, channels, size, stride, pad] = given;
    const shapes = [
      [batch, height, width, channels],
      [size, size, channels, 1],
    ];
    expectClose(both(() => valueAndGradients(shapes, (x, w) => tf.depthwiseConv2d(x, w, stride, pad))));
  });

  it("depthwise with two outputs per channel uses TensorFlow", () => {
    const compute = (): number[][] =>
      tf.tidy(() => {
        const x = random([1, 6, 6, 4], 1) as tf.Tensor4D;
        return values([tf.depthwiseConv2d(x, random([3, 3, 4, 2], 2) as tf.Tensor4D, 1, "same")]);
      });
    expectClose(both(compute));
  });

  it.each([
    [
      [3, 1, 5],
      [2, 4, 1],
    ],
    [[4], [3]],
    [
      [2, 3, 1, 2],
      [1, 1, 1, 1],
    ],
  ])("the gradient of tiling %j by %j", (shape, reps) => {
    const compute = (): number[][] =>
      tf.tidy(() => {
        const x = random(shape, 1);
        const dy = random(
          shape.map((size, i) => size * (reps[i] as number)),
          2,
        );
        return values([tf.grad((z: tf.Tensor) => tf.tile(z, reps))(x, dy)]);
      });
    expectClose(both(compute));
  });
});

describe("products of matrices agree with stock tfjs-node", () => {
  it.each([
    [[1, 1], [1, 1], false, false],
    [[1, 97], [97, 1], false, false],
    [[7, 3], [7, 5], true, false],
    [[17, 13], [31, 13], false, true],
    [[97, 5], [33, 97], true, true],
    [[67, 331], [331, 129], false, false],
    [[3, 4, 5, 7], [3, 4, 6, 7], false, true],
    [[0, 5], [5, 3], false, false],
    [[2, 0], [0, 3], false, false],
  ] as const)("[%s] and [%s], transposed: %s, %s: value and gradients", (a, b, transposeA, transposeB) => {
    const f = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => tf.matMul(x, w, transposeA, transposeB);
    expectClose(
      both(() =>
        valueAndGradients(
          [a, b].map((shape) => [...shape]),
          f,
        ),
      ),
    );
  });

  // tfjs has no gradient for these.
  it.each([
    [[2, 3, 5, 7], [1, 1, 7, 17], false, false],
    [[1, 5, 7], [2, 7, 3], false, false],
    [[2, 7, 5], [1, 7, 3], true, false],
  ] as const)("[%s] and [%s], of which one is used several times", (a, b, transposeA, transposeB) => {
    const compute = (): number[][] =>
      tf.tidy(() => values([tf.matMul(random([...a], 1), random([...b], 2), transposeA, transposeB)]));
    expectClose(both(compute));
  });

  it.each(["linear", "relu", "relu6", "elu"] as const)("with a bias and %s: value and gradients", (activation) => {
    const compute = (): number[][] =>
      tf.tidy(() => {
        const f = (a: tf.Tensor, b: tf.Tensor, bias: tf.Tensor): tf.Tensor =>
          tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, activation });
        const given = [random([33, 19], 1), random([19, 21], 2), tf.mul(random([21], 3), 3)];
        const dy = random([33, 21], 4);
        const y = f(...(given as [tf.Tensor, tf.Tensor, tf.Tensor]));
        return values([y, ...tf.grads(f as (...inputs: tf.Tensor[]) => tf.Tensor)(given, dy)]);
      });
    expectClose(both(compute));
  });
});

/** Makes a model with padding, depthwise and 1×1 convolution, batch norm and relu6, large enough to be deferred. */
function mobileBlock(): tfl.LayersModel {
  const input = tfl.input({ shape: [24, 24, 24] });
  const layers = tfl.layers;
  const through = (x: tfl.SymbolicTensor, ...all: tfl.layers.Layer[]): tfl.SymbolicTensor =>
    all.reduce((y, layer) => layer.apply(y) as tfl.SymbolicTensor, x);
  const wide = through(
    input,
    layers.conv2d({ filters: 72, kernelSize: 1, useBias: false }),
    layers.batchNormalization(),
    layers.reLU({ maxValue: 6 }),
  );
  const deep = through(
    wide,
    layers.zeroPadding2d({
      padding: [
        [0, 1],
        [0, 1],
      ],
    }),
    layers.depthwiseConv2d({ kernelSize: 3, strides: 1, padding: "same", useBias: false }),
    layers.batchNormalization(),
    layers.reLU({ maxValue: 6 }),
    layers.cropping2D({
      cropping: [
        [0, 1],
        [0, 1],
      ],
    }),
    layers.conv2d({ filters: 24, kernelSize: 1, activation: "relu" }),
    layers.batchNormalization(),
  );
  const model = tfl.model({
    inputs: input,
    outputs: [layers.add().apply([input, deep]) as tfl.SymbolicTensor, deep, wide],
  });
  tf.tidy(() => {
    model.setWeights(
      model
        .getWeights()
        .map(({ shape }, i) => (shape.length === 1 ? tf.abs(random(shape, i + 3)) : random(shape, i + 3))),
    );
  });
  return model;
}

describe("deferred tensors", () => {
  it("of convolution, batch norm and relu6 in one pass give the model's outputs and the inner values", () => {
    const model = mobileBlock();
    const x = random([3, 24, 24, 24], 1);
    expectClose(both(() => tf.tidy(() => values(model.predict(x) as tf.Tensor[]))));
    model.dispose();
    x.dispose();
  });

  it("can be read in any order, even if their inputs were overwritten meanwhile", () => {
    const compute = (): number[][] =>
      tf.tidy(() => {
        const x = tf.variable(random([1, 32, 32, 40], 1));
        const vector = random([40], 2) as tf.Tensor1D;
        const z = tf.conv2d(x as unknown as tf.Tensor4D, random([1, 1, 40, 40], 3) as tf.Tensor4D, 1, "same");
        const n = tf.batchNorm(z, vector, tf.square(vector), vector, vector, 1e-3);
        const again = tf.clone(n);
        x.assign(tf.zerosLike(x));
        const y = tf.relu(n);
        const results = values([y, again, z, n]);
        x.dispose();
        return results;
      });
    expectClose(both(compute));
  });

  it.each([6, 2.5, 0])("of a relu and a clip to [0, %d] are one pass", (high) => {
    const compute = (): number[][] =>
      tf.tidy(() => {
        const vector = random([40], 2) as tf.Tensor1D;
        const weights = random([1, 1, 40, 40], 3) as tf.Tensor4D;
        const z = tf.conv2d(random([1, 32, 32, 40], 1) as tf.Tensor4D, weights, 1, "same");
        const positive = tf.relu(tf.batchNorm(z, vector, tf.square(vector), vector, tf.mul(vector, 3), 1e-3));
        const clipped = tf.clipByValue(positive, 0, high);
        return values([clipped, tf.relu(positive), tf.clipByValue(positive, -1, high), positive]);
      });
    expectClose(both(compute));
  });

  it("exist only outside of gradients, and are never computed if nobody reads them", () => {
    const backend = tf.backend() as NativeKernelBackend;
    const fusion = fuseKernels(backend);
    const [native, before] = [nativeOf(backend), backend.binding.getNumOfTensors()];
    const waits = (x: tf.Tensor): boolean => planOf(native, x) !== undefined;
    tf.tidy(() => {
      const x = random([1, 32, 32, 40], 1) as tf.Tensor4D;
      const w = random([1, 1, 40, 40], 2) as tf.Tensor4D;
      const z = tf.conv2d(x, w, 1, "same");
      const copy = tf.clone(z);
      const positive = tf.relu(z);
      expect([waits(z), waits(copy), waits(x), waits(positive)]).toEqual([true, true, false, true]);
      expect(waits(tf.clipByValue(positive, 0, 6))).toBe(false);
      expect(waits(positive)).toBe(true);
      z.dispose();
      expect(waits(copy)).toBe(true);
      tf.grad((v: tf.Tensor) => {
        const inner = tf.conv2d(v as tf.Tensor4D, w, 1, "same");
        expect(waits(inner)).toBe(false);
        return tf.sum(inner);
      })(x);
    });
    fusion.dispose();
    native.dispose();
    expect(backend.binding.getNumOfTensors()).toBeLessThanOrEqual(before);
  });
});
