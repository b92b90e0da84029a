import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { describeEachLevel, expectSame, NASTY, runOnCpuAndWasm } from "./cpu-and-wasm.ts";

const DTYPES = ["float32", "int32", "bool"] as const;
const SHAPES: readonly (readonly number[])[] = [
  [],
  [1],
  [7],
  [3, 4],
  [2, 3, 5],
  [2, 1, 3, 2],
  [3, 2, 2, 3, 2],
  [2, 3, 1, 2, 2, 3],
  // The rows are longer than those that are copied by vectors.
  [3, 5, 101],
  [0, 3],
];
const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const numbers = (shape: readonly number[], dtype: (typeof DTYPES)[number]): tf.Tensor =>
  tf.tensor(
    Array.from({ length: size(shape) }, (_, i) => (dtype === "bool" ? (i * i + (i >> 2)) % 2 : i - 4)),
    [...shape],
    dtype,
  );

describeEachLevel(() => {
  describe.each(DTYPES)("of %s", (dtype) => {
    const same = async (run: (x: tf.Tensor) => tf.Tensor, shape: readonly number[]): Promise<void> => {
      const dtypes: string[] = [];
      const [cpu, wasm] = await runOnCpuAndWasm(() => {
        const y = run(numbers(shape, dtype));
        dtypes.push(`${y.dtype} [${y.shape}]`);
        return y;
      });
      expect(wasm, JSON.stringify(shape)).toEqual(cpu);
      expect(dtypes[1]).toBe(dtypes[0]);
    };

    it.each(SHAPES)("%j, repeated along each axis and along all of them", async (...shape) => {
      for (let axis = 0; axis < shape.length; axis++)
        await same(
          (x) =>
            tf.tile(
              x,
              shape.map((_, i) => (i === axis ? 3 : 1)),
            ),
          shape,
        );
      await same(
        (x) =>
          tf.tile(
            x,
            shape.map((_, i) => 1 + (i % 2)),
          ),
        shape,
      );
      await same(
        (x) =>
          tf.tile(
            x,
            shape.map((_, i) => 2 - (i % 2)),
          ),
        shape,
      );
      await same((x) => tf.broadcastTo(x, [2, ...shape]), shape);
      if (shape.length > 0) await same((x) => tf.broadcastTo(tf.expandDims(x, -1), [...shape, 9]), shape);
      await same(
        (x) =>
          tf.tile(
            x,
            shape.map(() => 0),
          ),
        shape,
      );
    });

    it.each(SHAPES)("%j, reversed along each axis and along all of them", async (...shape) => {
      for (let axis = 0; axis < shape.length; axis++) await same((x) => tf.reverse(x, axis), shape);
      await same((x) => tf.reverse(x), shape);
      if (shape.length > 2) await same((x) => tf.reverse(x, [0, -1]), shape);
    });

    it.each(SHAPES.filter((shape) => shape.length > 0 && size(shape) > 0))(
      "%j, sliced with strides",
      async (...shape) => {
        for (const stride of [2, 3, -1, -2])
          for (let axis = 0; axis < shape.length; axis++) {
            const only = (value: number, rest: number): number[] => shape.map((_, i) => (i === axis ? value : rest));
            const all = 2 ** shape.length - 1;
            await same((x) => tf.stridedSlice(x, only(0, 0), [...shape], only(stride, 1), all, all), shape);
            await same((x) => tf.stridedSlice(x, only(0, 0), [...shape], only(1, stride), all, all), shape);
          }
        await same((x) => tf.stridedSlice(x, [1], [9], [2], 0, 0, 0, 0, 0), shape);
      },
    );

    it.each(SHAPES.filter((shape) => shape.length > 0 && size(shape) > 0))(
      "%j, gathered along each axis",
      async (...shape) => {
        for (const [axis, rows] of shape.entries()) {
          const ids = [rows - 1, 0, 0, rows >> 1];
          await same((x) => tf.gather(x, tf.tensor1d(ids, "int32"), axis), shape);
          await same((x) => tf.gather(x, tf.tensor2d(ids, [2, 2], "int32"), axis - shape.length), shape);
          await same((x) => tf.gather(x, tf.scalar(rows - 1, "int32"), axis), shape);
        }
      },
    );
  });

  it("throws for an index outside the axis", async () => {
    await tf.setBackend("wasm");
    tf.tidy(() => {
      const x = tf.ones([2, 3]);
      for (const id of [3, -1])
        expect(() => tf.gather(x, tf.tensor1d([0, id], "int32"), 1)).toThrow(`index value ${id} is not in [0, 2]`);
    });
  });

  it.each([0.5, 1, 2, 3, -1, 0, -0.5, 2.5])(
    "powers of %f are those of cpu, with difficult numbers",
    async (exponent) => {
      const numbers = NASTY.filter((x) => Math.abs(x) ** 3 > 1e-38 || x === 0 || Number.isNaN(x));
      expectSame(await runOnCpuAndWasm(() => tf.pow(tf.tensor1d(numbers), exponent)), numbers);
      expectSame(await runOnCpuAndWasm(() => tf.pow(tf.tensor1d(numbers), tf.tensor1d([exponent]))), numbers);
      expectSame(await runOnCpuAndWasm(() => tf.pow(exponent, tf.tensor1d([0, 1, 2, 0.5]))));
    },
  );
});
