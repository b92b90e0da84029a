import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { describe, expect, it } from "vitest";
import { describeEachLevel, expectSame, NASTY, runOnCpuAndWasm, UNARY } from "./cpu-and-wasm.ts";

const range = (shape: number[]): tf.Tensor => tf.reshape(tf.sin(tf.range(0, tf.util.sizeFromShape(shape))), shape);

describeEachLevel(() => {
  describe("functions of one number, with difficult numbers", () => {
    it.each(Object.entries(UNARY))("%s: as on cpu, within 1e-5", async (_, f) => {
      expectSame(await runOnCpuAndWasm(() => f(tf.tensor1d([...NASTY]))), NASTY);
    });

    // cpu's own elu and selu give 0 below 1e-16, and its erf gives 1e-9 at 0. For these the series is the reference.
    it.each([
      ["elu", tf.elu, (x: number) => (x >= 0 ? x : Math.expm1(x))],
      ["selu", tf.selu, (x: number) => 1.0507009873554805 * (x >= 0 ? x : 1.6732632423543772 * Math.expm1(x))],
    ] as const)("%s: as its definition in float64", async (_, f, definition) => {
      const inputs = NASTY.filter((x) => Math.abs(x) < 1e38 && Math.abs(x) > 1e-38);
      const [, wasm] = await runOnCpuAndWasm(() => f(tf.tensor1d(inputs)));
      expectSame([inputs.map((x) => definition(Math.fround(x))), wasm], inputs);
    });
  });

  describe("functions of two tensors", () => {
    const pairs = NASTY.flatMap((a) => NASTY.map((b) => [a, b] as const));
    it.each([
      ["maximum", tf.maximum],
      ["minimum", tf.minimum],
    ] as const)("%s: NaN in either is NaN, as on cpu", async (_, f) => {
      expectSame(
        await runOnCpuAndWasm(() => f(tf.tensor1d(pairs.map(([a]) => a)), tf.tensor1d(pairs.map(([, b]) => b)))),
      );
    });

    const SHAPES: readonly [number[], number[]][] = [
      [[3, 4], []],
      [[3, 1], [4]],
      [
        [2, 3, 4],
        [3, 1],
      ],
      [
        [2, 2, 2, 2, 2, 2, 2],
        [2, 1, 2, 1, 1, 2, 1],
      ],
      [
        [2, 1, 3, 1, 2, 1, 2, 1],
        [1, 2, 1, 2, 1, 3, 1, 2],
      ],
      [[2, 1, 2, 2, 2, 2, 2, 3], [3]],
    ];
    it.each(SHAPES)("%j and %j broadcast", async (a, b) => {
      for (const f of [tf.add, tf.mul, tf.maximum, tf.minimum, tf.squaredDifference]) {
        expectSame(await runOnCpuAndWasm(() => f(range(a), range(b))));
      }
      expectSame(await runOnCpuAndWasm(() => tf.greater(range(b), range(a))));
    });
  });

  describe("kernels that are wrong in edge cases on stock wasm", () => {
    const CASES: Readonly<Record<string, () => tf.Tensor>> = {
      "max pooling skips NaN": () =>
        tf.maxPool(tf.tensor4d([Number.NaN, 1, 2, 3, Number.NaN, 4, 5, 6, Number.NaN], [1, 3, 3, 1]), 2, 1, "valid"),
      "max pooling of five channels": () =>
        tf.maxPool(tf.reshape(tf.sin(tf.range(0, 245)), [1, 7, 7, 5]) as tf.Tensor4D, 3, 2, "same"),
      "average pooling of five channels": () =>
        tf.avgPool(tf.reshape(tf.sin(tf.range(0, 245)), [1, 7, 7, 5]) as tf.Tensor4D, 3, 2, "same"),
      "max pooling by one pixel, padded": () =>
        tf.maxPool(tf.reshape(tf.range(1, 51), [1, 5, 5, 2]) as tf.Tensor4D, 1, 2, 1),
      "a depthwise convolution by one pixel": () =>
        tf.depthwiseConv2d(nanAmong([1, 3, 5, 2]), tf.tensor4d([2, -1, 3, 0.5], [1, 1, 2, 2]), [2, 1], "same"),
      "a fused depthwise convolution by one pixel": () =>
        tf.fused.depthwiseConv2d({
          x: nanAmong([1, 3, 5, 2]),
          filter: tf.tensor4d([2, -1], [1, 1, 2, 1]),
          strides: 1,
          pad: "valid",
          bias: tf.tensor1d([1, 2]),
          activation: "relu6",
        }),
      ...Object.fromEntries(
        [false, true].flatMap((transposeA) =>
          [false, true].map((transposeB) => [
            `a fused matMul of ${transposeA ? "Aᵀ" : "A"} and ${transposeB ? "Bᵀ" : "B"}, with bias`,
            (): tf.Tensor =>
              tf.fused.matMul({
                a: range(transposeA ? [100, 5] : [5, 100]) as tf.Tensor2D,
                b: range(transposeB ? [7, 100] : [100, 7]) as tf.Tensor2D,
                transposeA,
                transposeB,
                bias: range([7]),
              }),
          ]),
        ),
      ),
      "a fused matMul of a batch, with bias": () =>
        tf.fused.matMul({ a: range([3, 5, 100]) as never, b: range([3, 100, 7]) as never, bias: range([7]) }),
      "a matMul of a batch and a matrix": () => tf.matMul(range([2, 3, 5, 10]), range([1, 10, 7])),
      "a sum of an empty tensor": () => tf.sum(tf.zeros([0, 3]), 0),
      "padding below 0 crops": () =>
        tf.pad(tf.reshape(tf.range(0, 12), [3, 4]), [
          [-1, 1],
          [0, 2],
        ]),
      "where of booleans": () =>
        tf.cast(tf.linalg.bandPart(tf.cast(tf.ones([5, 3]), "bool") as tf.Tensor2D, -1, 0), "float32"),
      "mean of equal numbers": () => tf.sub(tf.mean(tf.fill([2, 10], 33), 1), 33),
      "a transposed convolution of a larger dy": () =>
        tf.conv2dTranspose(
          tf.reshape(tf.sin(tf.range(0, 128)), [1, 8, 8, 2]) as tf.Tensor4D,
          tf.reshape(tf.cos(tf.range(0, 36)), [3, 3, 2, 2]) as tf.Tensor4D,
          [1, 4, 4, 2],
          1,
          "same",
        ),
      "a fused convolution with one number as bias": () =>
        tf.fused.conv2d({
          x: tf.reshape(tf.sin(tf.range(0, 32)), [1, 4, 4, 2]) as tf.Tensor4D,
          filter: tf.reshape(tf.cos(tf.range(0, 54)), [3, 3, 2, 3]) as tf.Tensor4D,
          strides: 1,
          pad: "same",
          bias: tf.scalar(0.5),
          activation: "relu",
        }),
      ...Object.fromEntries(
        ([1, 3] as const).flatMap((size) =>
          (["linear", "relu", "relu6"] as const).map((activation) => [
            `NaN stays NaN in a fused ${size}×${size} convolution of one channel to one, ${activation}`,
            (): tf.Tensor =>
              tf.fused.conv2d({
                x: tf.tensor4d([Number.NaN, ...Array<number>(24).fill(1)], [1, 5, 5, 1]),
                filter: tf.ones([size, size, 1, 1]) as tf.Tensor4D,
                strides: 1,
                pad: "same",
                activation,
              }),
          ]),
        ),
      ),
      ...Object.fromEntries(
        ([1, 3] as const).map((size) => [
          `NaN stays NaN in a fused ${size}×${size} convolution with relu6`,
          (): tf.Tensor =>
            tf.fused.conv2d({
              x: tf.tensor4d([Number.NaN, ...Array<number>(24).fill(1)], [1, 5, 5, 1]),
              filter: tf.ones([size, size, 1, 9]) as tf.Tensor4D,
              strides: 1,
              pad: "same",
              activation: "relu6",
            }),
        ]),
      ),
      "NaN stays NaN in a fused depthwise convolution with relu6": () =>
        tf.fused.depthwiseConv2d({
          x: tf.tensor4d([Number.NaN, ...Array<number>(49).fill(1)], [1, 5, 5, 2]),
          filter: tf.ones([3, 3, 2, 1]) as tf.Tensor4D,
          strides: 1,
          pad: "same",
          activation: "relu6",
        }),
      "NaN stays NaN in a fused depthwise convolution with relu": () =>
        tf.fused.depthwiseConv2d({
          x: tf.tensor4d([Number.NaN, ...Array<number>(49).fill(1)], [1, 5, 5, 2]),
          filter: tf.ones([3, 3, 2, 1]) as tf.Tensor4D,
          strides: 1,
          pad: "same",
          activation: "relu",
        }),
    };
    it.each(Object.entries(CASES))("%s: as on cpu", async (_, run) => {
      const [cpu, wasm] = await runOnCpuAndWasm(run);
      expect(wasm.length).toBe(cpu.length);
      for (const [i, expected] of cpu.entries()) {
        if (Number.isFinite(expected)) expect(wasm[i]).toBeCloseTo(expected, 5 - Math.log10(1 + Math.abs(expected)));
        else expect(wasm[i]).toBe(expected);
      }
    });

    it("throws for a slice past the end, an einsum of other shapes and a dy that is too small", async () => {
      await tf.setBackend("wasm");
      tf.tidy(() => {
        const x = tf.ones([4, 3]);
        expect(() => tf.slice(x, [1, 1], [10, 10])).toThrow(
          "begin[0] + size[0] (11) would overflow input.shape[0] (4)",
        );
        expect(() => tf.einsum("ij,jk->ik", x, x)).toThrow("expected dimension 3 at axis 0 of input shaped [4,3]");
        const [dy, filter] = [tf.ones([1, 2, 2, 1]) as tf.Tensor4D, tf.ones([3, 3, 1, 1]) as tf.Tensor4D];
        expect(() => tf.conv2dTranspose(dy, filter, [1, 8, 8, 1], 1, "same")).toThrow("gives [1,8,8,1]");
      });
    });
  });
});

/** Returns 0, 1, 2 … with NaN in every seventh place. */
function nanAmong(shape: [number, number, number, number]): tf.Tensor4D {
  const values = Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => (i % 7 === 0 ? Number.NaN : i));
  return tf.tensor4d(values, shape);
}
