import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { describe, expect, it } from "vitest";
import { describeEachLevel } from "./cpu-and-wasm.ts";
import { randomNumbers, relativeError } from "./reference.ts";

const five = (x: tf.Tensor): tf.Tensor5D => x as tf.Tensor5D;
const CASES: readonly [string, number[][], (...inputs: tf.Tensor[]) => tf.Tensor][] = [
  ["maxPool3d of negative numbers", [[2, 4, 5, 6, 3]], (x) => tf.maxPool3d(five(tf.sub(x, 9)), 2, 2, "same")],
  ["maxPool3d, overlapping windows", [[1, 5, 6, 5, 2]], (x) => tf.maxPool3d(five(x), 3, 1, "valid")],
  [
    "conv3d of several channels",
    [
      [2, 4, 5, 6, 3],
      [2, 3, 3, 3, 4],
    ],
    (x, w) => tf.conv3d(five(x), five(w), 1, "same"),
  ],
  [
    "conv3d with strides",
    [
      [1, 5, 6, 7, 2],
      [3, 2, 3, 2, 4],
    ],
    (x, w) => tf.conv3d(five(x), five(w), [2, 1, 2], "valid"),
  ],
  [
    "conv3d with a stride in depth only and filters that are wider than deep",
    [
      [2, 5, 4, 3, 5],
      [1, 3, 2, 5, 3],
    ],
    (x, w) => tf.conv3d(five(x), five(w), [2, 1, 1], "same"),
  ],
  ["prelu with one slope per channel", [[2, 4, 4, 3], [3]], (x, a) => tf.prelu(x, a)],
  [
    "dilation2d",
    [
      [2, 6, 7, 3],
      [3, 2, 3],
    ],
    (x, w) => tf.dilation2d(x as tf.Tensor4D, w as tf.Tensor3D, 1, "same"),
  ],
  [
    "dilation2d with strides and rates",
    [
      [1, 9, 8, 2],
      [2, 3, 2],
    ],
    (x, w) => tf.dilation2d(x as tf.Tensor4D, w as tf.Tensor3D, 1, "valid", [2, 1]),
  ],
];

describeEachLevel(() => {
  // The windows of maxPool3d are cubes, because cpu's gradient is wrong for others (by 0.98 according to finite differences).
  describe("kernels that are wrong on stock wasm", () => {
    it.each(CASES)("%s: value and gradients as on cpu", async (_, shapes, op) => {
      const evaluate = async (backend: string): Promise<Float32Array[]> => {
        await tf.setBackend(backend);
        const random = randomNumbers(31);
        return tf.tidy(() => {
          const inputs = shapes.map((shape) => tf.tensor(random(tf.util.sizeFromShape(shape)), shape));
          const y = op(...inputs);
          const dy = tf.reshape(tf.tensor(randomNumbers(4)(y.size)), y.shape);
          const gradients = tf.grads((...xs: tf.Tensor[]) => tf.sum(tf.mul(op(...xs), dy)))(inputs);
          return [y, ...gradients].map((tensor) => tensor.dataSync().slice() as Float32Array);
        });
      };
      const expected = await evaluate("cpu");
      const before = tf.memory().numTensors;
      const actual = await evaluate("wasm");
      expect(tf.memory().numTensors).toBe(before);
      for (const [i, reference] of expected.entries())
        expect(relativeError(actual[i] as Float32Array, reference), `output ${i}`).toBeLessThan(1e-5);
    });

    it.each([
      [
        [2, 1],
        [2, 3],
      ],
      [
        [2, 1],
        [1, 2],
      ],
      [[3], [2, 1]],
    ])(
      "matMul of batches %j and %j equals its definition; cpu multiplies the wrong matrices",
      async (batchA, batchB) => {
        await tf.setBackend("wasm");
        tf.tidy(() => {
          const a = tf.randomNormal([...batchA, 5, 10], 0, 1, "float32", 1);
          const b = tf.randomNormal([...batchB, 10, 7], 0, 1, "float32", 2);
          const definition = tf.sum(tf.mul(tf.expandDims(a, -1), tf.expandDims(b, -3)), -2);
          const product = tf.matMul(a, b);
          expect(product.shape).toEqual(definition.shape);
          expect(relativeError(product.dataSync() as Float32Array, definition.dataSync())).toBeLessThan(1e-5);
        });
      },
    );

    it("conv3d with dilations", async () => {
      const values = async (backend: string): Promise<Float32Array> => {
        await tf.setBackend(backend);
        return tf.tidy(() => {
          const [x, w] = [
            five(tf.randomNormal([1, 6, 7, 5, 3], 0, 1, "float32", 1)),
            tf.randomNormal([2, 3, 2, 3, 4], 0, 1, "float32", 2),
          ];
          return tf.conv3d(x, five(w), 1, "same", "NDHWC", [2, 1, 2]).dataSync().slice() as Float32Array;
        });
      };
      const [cpu, wasm] = [await values("cpu"), await values("wasm")];
      expect(relativeError(wasm, cpu)).toBeLessThan(1e-5);
    });

    it("sums and means of empty tensors", () => {
      tf.tidy(() => {
        expect([...tf.sum(tf.zeros([0, 3]), 0).dataSync()]).toEqual([0, 0, 0]);
        expect([...tf.sum(tf.zeros([2, 0]), 1).dataSync()]).toEqual([0, 0]);
        expect([...tf.mean(tf.zeros([0, 2]), 0).dataSync()]).toEqual([Number.NaN, Number.NaN]);
      });
    });

    it("convolutions and pools do not write past their end if tfjs and XNNPACK disagree on the output size", () => {
      tf.tidy(() => {
        const x = tf.ones([1, 7, 7, 1]) as tf.Tensor4D;
        // If the padding is the number 0, tfjs computes the width from the filter's height: 3 instead of 6.
        const y = tf.conv2d(x, tf.ones([5, 2, 1, 1]), 1, 0);
        expect(y.shape).toEqual([1, 3, 3, 1]);
        expect([...y.dataSync()]).toEqual(Array(9).fill(10));
        expect([...tf.maxPool(x, [5, 2], 1, 0).dataSync()]).toEqual(Array(9).fill(1));
      });
    });

    it("throw an error that names the unsupported inputs", () => {
      const ints = tf.ones([2, 2], "int32");
      expect(() => tf.matMul(ints, ints)).toThrow(/matMul on wasm takes float32, got int32 and int32.*tf\.cast/);
      const x = tf.ones([1, 2, 5, 5]) as tf.Tensor4D;
      const gradient = tf.grad((w: tf.Tensor) => tf.sum(tf.conv2d(x, w as tf.Tensor4D, 1, "same", "NCHW")));
      expect(() => gradient(tf.ones([3, 3, 2, 2]))).toThrow(/NCHW/);
      tf.dispose([ints, x]);
    });
  });
});
