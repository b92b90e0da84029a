import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels, wasmBackend } from "../src/index.ts";
import { dilatedFilter } from "./dilated-filter.ts";
import { randomNumbers, relativeError } from "./reference.ts";

beforeAll(async () => {
  await wasmBackend().init();
});

type Op = (...inputs: tf.Tensor[]) => tf.Tensor;

/** Computes the gradients of Σ dy·f for a fixed, uneven dy. */
function gradients(op: Op, inputs: readonly tf.Tensor[]): tf.Tensor[] {
  return tf.grads((...xs: tf.Tensor[]) => {
    const y = op(...xs);
    return tf.sum(tf.mul(y, tf.reshape(tf.tensor(randomNumbers(99)(y.size)), y.shape)));
  })([...inputs]);
}

/** Computes a mask without the tape, because tfjs has no gradient for comparisons, not even zero. */
const detachedLessEqual = (a: tf.Tensor, b: tf.Tensor | number): tf.Tensor => {
  const mask = tf.lessEqual(a, b);
  return tf.tensor(mask.dataSync(), mask.shape, "bool");
};

/** Cases: an op, and the same function composed of ops with correct gradients as its reference. */
const CASES: readonly [string, number[][], Op, Op][] = [
  [
    "maximum, broadcast",
    [[4, 3], [3]],
    (a, b) => tf.maximum(a, b),
    (a, b) => tf.where(tf.greaterEqual(a, b), tf.add(a, tf.zerosLike(a)), tf.add(tf.zerosLike(a), b)),
  ],
  [
    "minimum, broadcast both ways",
    [
      [4, 1],
      [1, 3],
    ],
    (a, b) => tf.minimum(a, b),
    (a, b) => tf.where(detachedLessEqual(a, b), tf.broadcastTo(a, [4, 3]), tf.broadcastTo(b, [4, 3])),
  ],
  [
    "squaredDifference, broadcast",
    [
      [2, 4, 3],
      [4, 1],
    ],
    (a, b) => tf.squaredDifference(a, b),
    (a, b) => tf.square(tf.sub(a, b)),
  ],
  [
    "einsum ij,jk->ik",
    [
      [3, 4],
      [4, 5],
    ],
    (a, b) => tf.einsum("ij,jk->ik", a, b),
    (a, b) => tf.matMul(a, b),
  ],
  [
    "einsum abc,cde->abde",
    [
      [2, 3, 4],
      [4, 2, 5],
    ],
    (a, b) => tf.einsum("abc,cde->abde", a, b),
    (a, b) => tf.reshape(tf.matMul(tf.reshape(a, [6, 4]), tf.reshape(b, [4, 10])), [2, 3, 2, 5]),
  ],
  [
    "einsum of attention scores",
    [
      [2, 5, 3, 4],
      [2, 6, 3, 4],
    ],
    (q, k) => tf.einsum("bqhd,bkhd->bhqk", q, k),
    (q, k) => tf.matMul(tf.transpose(q, [0, 2, 1, 3]), tf.transpose(k, [0, 2, 1, 3]), false, true),
  ],
  [
    "einsum with an index that is summed within one operand",
    [[3, 4], [4]],
    (a, b) => tf.einsum("ij,k->k", a, b),
    (a, b) => tf.mul(tf.sum(a), b),
  ],
  ["einsum of one operand", [[3, 4]], (a) => tf.einsum("ij->j", a), (a) => tf.sum(a, 0)],
  ["relu", [[5, 7]], (x) => tf.relu(x), (x) => tf.mul(x, tf.step(x))],
  [
    "relu6",
    [[5, 7]],
    (x) => tf.relu6(tf.mul(x, 5)),
    (x) => tf.where(detachedLessEqual(tf.mul(x, 5), 6), tf.mul(tf.mul(x, 5), tf.step(x)), tf.fill([5, 7], 6)),
  ],
  ["tanh", [[5, 7]], (x) => tf.tanh(x), (x) => tf.sub(1, tf.div(2, tf.add(tf.exp(tf.mul(x, 2)), 1)))],
  ["sigmoid", [[5, 7]], (x) => tf.sigmoid(x), (x) => tf.div(1, tf.add(1, tf.exp(tf.neg(x))))],
  ["softmax", [[5, 7]], (x) => tf.softmax(x), (x) => tf.div(tf.exp(x), tf.sum(tf.exp(x), 1, true))],
  [
    "batchNorm",
    [[4, 3, 5], [5], [5], [5], [5]],
    (x, m, v, o, s) =>
      tf.batchNorm(x as tf.Tensor3D, m as tf.Tensor1D, tf.square(v) as tf.Tensor1D, o as tf.Tensor1D, s as tf.Tensor1D),
    (x, m, v, o, s) => tf.add(tf.mul(tf.mul(tf.sub(x, m), tf.rsqrt(tf.add(tf.square(v), 1e-3))), s), o),
  ],
];

describe("gradients on wasm", () => {
  it.each(CASES)(
    "%s: as the same function composed of other ops, and no tensor is left",
    (_, shapes, op, reference) => {
      const random = randomNumbers(5);
      const inputs = shapes.map((shape) => tf.tensor(random(tf.util.sizeFromShape(shape)), shape));
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        expect(relativeError(op(...inputs).dataSync(), reference(...inputs).dataSync())).toBeLessThan(1e-5);
        const expected = gradients(reference, inputs);
        for (const [i, gradient] of gradients(op, inputs).entries()) {
          expect(gradient.shape).toEqual(shapes[i]);
          expect(relativeError(gradient.dataSync(), (expected[i] as tf.Tensor).dataSync()), `input ${i}`).toBeLessThan(
            2e-5,
          );
        }
      });
      expect(tf.memory().numTensors).toBe(before);
      tf.dispose(inputs);
    },
  );

  type Convolve = (x: tf.Tensor4D, filter: tf.Tensor4D, dilations: number, bias: tf.Tensor1D) => tf.Tensor;
  const fused = (x: tf.Tensor4D, filter: tf.Tensor4D, dilations: number): object => ({
    ...{ x, filter, dilations, strides: 1, pad: "same" },
  });
  const DILATED: Readonly<Record<string, Convolve>> = {
    conv2d: (x, filter, dilations) => tf.conv2d(x, filter, 1, "same", "NHWC", dilations),
    depthwiseConv2d: (x, filter, dilations) => tf.depthwiseConv2d(x, filter, 1, "same", "NHWC", dilations),
    "fused.conv2d": (x, filter, dilations, bias) => tf.fused.conv2d({ ...fused(x, filter, dilations), bias } as never),
    "fused.conv2d of one image, no bias": (x, filter, dilations) =>
      // tfjs's own gradient fails for an image without a batch axis.
      tf.fused.conv2d(
        fused(tf.reshape(x, dilations > 1 ? [18, 8, 3] : [1, 18, 8, 3]) as never, filter, dilations) as never,
      ),
    "fused.conv2d, one number as bias": (x, filter, dilations, bias) =>
      tf.fused.conv2d({ ...fused(x, filter, dilations), bias: tf.mean(bias) } as never),
    "fused.depthwiseConv2d": (x, filter, dilations, bias) =>
      tf.fused.depthwiseConv2d({ ...fused(x, filter, dilations), bias: tf.concat([bias, bias, bias]) } as never),
  };
  const dilatedCases = Object.keys(DILATED).flatMap((name) =>
    (["auto", "composed"] as const).map((kernels) => [name, kernels] as const),
  );

  it.each(dilatedCases)(
    "dilated %s trains (%s kernels) as the convolution with zeros in its filter",
    (name, kernels) => {
      const registration = registerTrainingKernels({ kernels });
      const convolve = DILATED[name] as Convolve;
      const random = randomNumbers(8);
      const inputs = [[2, 9, 8, 3], [3, 3, 3, 4], [4]].map((shape) =>
        tf.tensor(random(tf.util.sizeFromShape(shape)), shape),
      );
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const by =
          (dilations: number): Op =>
          (x, filter, bias) => {
            const taps = dilations === 1 ? dilatedFilter(filter) : filter;
            return tf.add(
              convolve(x as tf.Tensor4D, taps as tf.Tensor4D, dilations, bias as tf.Tensor1D),
              tf.sum(bias),
            );
          };
        const [dilated, plain] = [gradients(by(2), inputs), gradients(by(1), inputs)];
        for (const [i, expected] of plain.entries())
          expect(relativeError((dilated[i] as tf.Tensor).dataSync(), expected.dataSync()), `input ${i}`).toBeLessThan(
            1e-5,
          );
      });
      expect(tf.memory().numTensors).toBe(before);
      tf.dispose(inputs);
      registration.dispose();
    },
  );

  it("keeps the gradient of an app's own op in which a dilated convolution runs", () => {
    tf.tidy(() => {
      const [x, filter] = [tf.ones([1, 5, 5, 1]) as tf.Tensor4D, tf.ones([3, 3, 1, 1]) as tf.Tensor4D];
      const op = tf.customGrad((v) => ({
        value: tf.engine().runKernel(
          "FusedConv2D",
          { x: v as tf.Tensor, filter },
          {
            ...{ strides: 1, pad: "same", dilations: 2, dataFormat: "NHWC", activation: "linear" },
          },
        ) as tf.Tensor,
        gradFunc: (dy: tf.Tensor): tf.Tensor => tf.mul(dy, 7),
      }));
      expect(
        tf
          .grad((v) => tf.sum(op(v)))(x)
          .dataSync()[0],
      ).toBe(7);
    });
  });

  it("are put back by the last dispose(), in any order", () => {
    const ours = tf.getGradient("Maximum");
    const first = registerTrainingKernels({ kernels: "composed" });
    const composed = { gradient: tf.getGradient("Maximum"), kernel: tf.getKernel("UnsortedSegmentSum", "wasm") };
    expect(composed.gradient).not.toBe(ours);
    const second = registerTrainingKernels({ kernels: "composed" });
    first.dispose();
    first.dispose();
    expect(tf.getGradient("Maximum")).toBe(composed.gradient);
    expect(tf.getKernel("UnsortedSegmentSum", "wasm")).toBe(composed.kernel);
    second.dispose();
    expect(tf.getGradient("Maximum")).toBe(ours);
  });
});
