import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { batchNormTraining, conv2dBiasActivation, dropout, softmaxCrossEntropy, wasmBackend } from "../src/index.ts";
import { randomNumbers, relativeError } from "./reference.ts";

beforeAll(async () => {
  await wasmBackend().init();
});

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;
interface Case {
  readonly shapes: number[][];
  readonly op: Op;
  /** The reference on cpu if tfjs cannot differentiate the op twice there. @default the op itself */
  readonly oracle?: Op;
}

/** Computes a factor without the tape. */
const constant = (mask: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor): tf.Tensor =>
  tf.customGrad((v) => ({
    value: tf.cast(mask(v as tf.Tensor), "float32"),
    gradFunc: (dy: tf.Tensor): tf.Tensor => tf.zerosLike(dy),
  }))(x);

/** Computes a valid convolution tap by tap with slices and products. It may be dilated or depthwise. */
const byTaps =
  (depthwise: boolean, dilation: number): Op =>
  (x, filter) => {
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const [rows, columns, , last] = filter.shape as [number, number, number, number];
    const [outHeight, outWidth] = [height - (rows - 1) * dilation, width - (columns - 1) * dilation];
    const products: tf.Tensor[] = [];
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        const seen = tf.slice(x, [0, i * dilation, j * dilation, 0], [batch, outHeight, outWidth, channels]);
        const tap = tf.reshape(tf.slice(filter, [i, j, 0, 0], [1, 1, channels, last]), [channels, last]);
        const flat = tf.reshape(seen, [-1, channels]);
        const product = depthwise ? tf.mul(tf.expandDims(flat, 2), tap) : tf.matMul(flat, tap);
        products.push(tf.reshape(product, [batch, outHeight, outWidth, depthwise ? channels * last : last]));
      }
    return tf.addN(products);
  };

const conv = (x: tf.Tensor, w: tf.Tensor, dilation: number): tf.Tensor =>
  tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "valid", "NHWC", dilation);
const depthwise = (x: tf.Tensor, w: tf.Tensor, dilation: number): tf.Tensor =>
  tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "valid", "NHWC", dilation);
const convShapes = (multiplier: number): number[][] => [
  [2, 7, 6, 3],
  [3, 2, 3, multiplier],
];

const CASES: Readonly<Record<string, Case>> = {
  relu: { shapes: [[5, 7]], op: tf.relu },
  relu6: {
    shapes: [[5, 7]],
    op: (x) => tf.square(tf.relu6(tf.mul(x, 5))),
    oracle: (x) => {
      const y = tf.mul(x, 5);
      const between = constant((v) => tf.logicalAnd(tf.greater(v, 0), tf.lessEqual(v, 6)), y);
      return tf.square(
        tf.add(
          tf.mul(y, between),
          constant((v) => tf.mul(tf.cast(tf.greater(v, 6), "float32"), 6), y),
        ),
      );
    },
  },
  clipByValue: {
    shapes: [[5, 7]],
    op: (x) => tf.square(tf.clipByValue(x, -0.5, 1)),
    oracle: (x) => {
      const inside = constant((v) => tf.logicalAnd(tf.greaterEqual(v, -0.5), tf.lessEqual(v, 1)), x);
      const edges = constant(
        (v) => tf.mul(tf.clipByValue(v, -0.5, 1), tf.cast(tf.notEqual(v, tf.clipByValue(v, -0.5, 1)), "float32")),
        x,
      );
      return tf.square(tf.add(tf.mul(x, inside), edges));
    },
  },
  tanh: { shapes: [[5, 7]], op: tf.tanh },
  sigmoid: { shapes: [[5, 7]], op: tf.sigmoid },
  softmax: { shapes: [[5, 7]], op: (x) => tf.softmax(x) },
  squaredDifference: { shapes: [[4, 3], [3]], op: tf.squaredDifference, oracle: (a, b) => tf.square(tf.sub(a, b)) },
  einsum: {
    shapes: [
      [3, 4],
      [4, 5],
    ],
    op: (a, b) => tf.einsum("ij,jk->ik", a, b),
    oracle: (a, b) => tf.matMul(a, b),
  },
  batchNorm: {
    shapes: [[4, 3, 5], [5], [5], [5], [5]],
    op: (x, m, v, o, s) =>
      tf.batchNorm(x as tf.Tensor3D, m as tf.Tensor1D, tf.square(v) as tf.Tensor1D, o as tf.Tensor1D, s as tf.Tensor1D),
  },
  ...Object.fromEntries(
    [1, 2].flatMap((dilation): [string, Case][] => [
      [
        `conv2d, dilation ${dilation}`,
        { shapes: convShapes(4), op: (x, w) => conv(x, w, dilation), oracle: byTaps(false, dilation) },
      ],
      [
        `depthwiseConv2d, dilation ${dilation}`,
        { shapes: convShapes(2), op: (x, w) => depthwise(x, w, dilation), oracle: byTaps(true, dilation) },
      ],
    ]),
  ),
  batchNormTraining: { shapes: [[6, 3], [3], [3]], op: (x, s, o) => batchNormTraining(x, s, o)[0] },
  softmaxCrossEntropy: { shapes: [[4, 6]], op: (x) => softmaxCrossEntropy(tf.fill([4, 6], 1 / 6), x) },
  conv2dBiasActivation: {
    shapes: [...convShapes(4), [4]],
    op: (x, w, b) => conv2dBiasActivation(x as tf.Tensor4D, w as tf.Tensor4D, b as tf.Tensor1D, { activation: "relu" }),
    oracle: (x, w, b) => tf.relu(tf.add(byTaps(false, 1)(x, w), b)),
  },
};

/** Computes the gradients of Σᵢ cᵢ · ∂/∂xᵢ Σ dy · f², for fixed, uneven c and dy. */
function secondOrder(op: Op, inputs: readonly tf.Tensor[]): Float32Array[] {
  const weighted = (tensor: tf.Tensor, seed: number): tf.Tensor =>
    tf.sum(tf.mul(tensor, tf.reshape(tf.tensor(randomNumbers(seed)(tensor.size)), tensor.shape)));
  const second = tf.grads((...xs: tf.Tensor[]) =>
    tf.addN(
      tf
        .grads((...ys: tf.Tensor[]) => weighted(tf.square(op(...ys)), 99))(xs)
        .map((gradient, i) => weighted(gradient, i)),
    ),
  );
  return second([...inputs]).map((gradient) => gradient.dataSync().slice() as Float32Array);
}

describe("gradients of gradients", () => {
  it.each(Object.entries(CASES))("%s: as on cpu, and no tensor is left", async (_, { shapes, op, oracle }) => {
    const results: Float32Array[][] = [];
    for (const [backend, f] of [
      ["cpu", oracle ?? op],
      ["wasm", op],
    ] as const) {
      await tf.setBackend(backend);
      const before = tf.memory().numTensors;
      const random = randomNumbers(5);
      results.push(
        tf.tidy(() =>
          secondOrder(
            f,
            shapes.map((shape) => tf.tensor(random(tf.util.sizeFromShape(shape)), shape)),
          ),
        ),
      );
      expect(tf.memory().numTensors).toBe(before);
    }
    const [cpu, wasm] = results as [Float32Array[], Float32Array[]];
    for (const [i, expected] of cpu.entries())
      expect(relativeError(wasm[i] as Float32Array, expected), `input ${i}`).toBeLessThan(5e-5);
  });

  it("dropout: uses the same mask", async () => {
    await tf.setBackend("wasm");
    tf.tidy(() => {
      const x = tf.ones([40]);
      const squares = (v: tf.Tensor): tf.Tensor => tf.sum(tf.square(dropout(v, 0.4, 3)));
      const curvature = tf.grad((v) => tf.sum(tf.grad(squares)(v)))(x);
      const mask = dropout(x, 0.4, 3);
      expect(curvature.dataSync()).toEqual(tf.mul(2, tf.square(mask)).dataSync());
    });
  });
});
