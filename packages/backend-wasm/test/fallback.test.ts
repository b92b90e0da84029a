import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { fallbackKernels } from "../src/fallback/index.ts";
import { convGeometry } from "../src/shapes/window-geometry.ts";
import { sample } from "./conv-cases.ts";
import { convGradients, randomNumbers, relativeError, run } from "./reference.ts";

beforeAll(async () => {
  await tf.setBackend("wasm");
});

describe("kernels composed of stock kernels", () => {
  it("compute the gradients of convolutions as in float64, and leave no tensor", () => {
    const random = randomNumbers(1);
    const worst: { [name: string]: number } = {};
    const before = tf.memory().numTensors;
    let cases = 0;
    // 47 is coprime to the number of values of every axis, so the sample includes all values.
    for (const { depthwise, x: xShape, filter: filterShape, ...attrs } of sample(47)) {
      const geometry = convGeometry("test", xShape, filterShape, attrs as unknown as tf.NamedAttrMap, depthwise);
      if (geometry.outHeight < 1 || geometry.outWidth < 1) continue;
      const [x, filter, dy] = [xShape, filterShape, geometry.outShape].map((s) =>
        random(tf.util.sizeFromShape([...s])),
      );
      if (!x || !filter || !dy) throw new Error("unreachable");
      const expected = convGradients(x, filter, dy, geometry, depthwise);
      const prefix = depthwise ? "DepthwiseConv2dNative" : "Conv2D";
      tf.tidy(() => {
        const tensors = {
          x: tf.tensor(x, [...xShape]),
          filter: tf.tensor(filter, [...filterShape]),
          dy: tf.tensor(dy, geometry.outShape),
        };
        const all = { ...attrs, inputShape: xShape, filterShape };
        for (const [kind, reference] of [
          ["Filter", expected.filter],
          ["Input", expected.input],
        ] as const) {
          const name = `${prefix}Backprop${kind}`;
          const kernel = fallbackKernels[name] as tf.KernelFunc;
          const inputs =
            kind === "Filter" ? { x: tensors.x, dy: tensors.dy } : { dy: tensors.dy, filter: tensors.filter };
          worst[name] = Math.max(worst[name] ?? 0, relativeError(run(kernel, inputs, all), reference));
        }
      });
      cases++;
    }
    expect(cases).toBeGreaterThan(100);
    for (const [name, error] of Object.entries(worst)) expect(error, name).toBeLessThan(1e-5);
    expect(Object.keys(worst)).toHaveLength(4);
    expect(tf.memory().numTensors - before).toBe(0);
  });

  it("compute the gradient of max pooling as on cpu, with ties, negative windows and NaN", async () => {
    const random = randomNumbers(3);
    const kernel = fallbackKernels.MaxPoolGrad as tf.KernelFunc;
    const shape = [2, 9, 8, 5] as [number, number, number, number];
    const size = tf.util.sizeFromShape(shape);
    // relu makes ties at 0, rounding makes other ties, and the shifted numbers have no positive value.
    const images = [
      random(size),
      random(size).map((v) => Math.max(0, v)),
      random(size).map(Math.round),
      random(size).map((v) => v - 9),
      random(size).map((v, i) => (i % 7 === 0 ? Number.NaN : v)),
    ];
    for (const image of images)
      for (const [filterSize, strides, pad] of [
        [2, 2, "same"],
        [3, 2, "same"],
        [3, 1, "valid"],
        [2, 3, "valid"],
        [3, 2, 1],
      ] as const) {
        const attrs = { filterSize, strides, pad };
        const gradient = async (backend: string): Promise<Float32Array> => {
          await tf.setBackend(backend);
          return tf.tidy(() => {
            const input = tf.tensor4d(image, shape);
            const output = tf.maxPool(input, filterSize, strides, pad);
            const dy = tf.tensor(randomNumbers(5)(output.size), output.shape);
            return run(backend === "cpu" ? "MaxPoolGrad" : kernel, { dy, input, output }, attrs);
          });
        };
        const expected = await gradient("cpu");
        expect(relativeError(await gradient("wasm"), expected), JSON.stringify(attrs)).toBeLessThan(1e-6);
      }
  });

  it("sum segments and drop ids outside the range", () => {
    const kernel = fallbackKernels.UnsortedSegmentSum as tf.KernelFunc;
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]);
    const segmentIds = tf.tensor1d([1, 1, 7, -1], "int32");
    expect([...run(kernel, { x, segmentIds }, { numSegments: 3 })]).toEqual([0, 0, 4, 6, 0, 0]);
    tf.dispose([x, segmentIds]);
  });
});
