import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { describeEachLevel, UNARY } from "./cpu-and-wasm.ts";

const VALUES = {
  int32: [-9, -2, -1, 0, 1, 2, 3, 7, 100000, 1, 5, 6],
  bool: [1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1, 1],
} as const;
type Integer = keyof typeof VALUES;
type Run = (x: tf.Tensor, dtype: Integer) => tf.Tensor;

/** A row that broadcasts over the matrix, with the same dtype. */
const row = (dtype: Integer): tf.Tensor => tf.tensor1d(dtype === "int32" ? [2, 3, -2, 5] : [1, 0, 1, 0], dtype);
const image = (x: tf.Tensor): tf.Tensor4D => tf.reshape(x, [1, 2, 2, 3]) as tf.Tensor4D;

const OTHERS: Readonly<Record<string, Run>> = {
  ...Object.fromEntries(
    (
      [
        [tf.atan2, tf.equal, tf.greater, tf.less, tf.lessEqual, tf.maximum, tf.minimum],
        [tf.mod, tf.mul, tf.notEqual, tf.squaredDifference],
      ] as const
    )
      .flat()
      .map((f) => [f.name.replace(/_+o?p?$/, ""), (x: tf.Tensor, dtype: Integer) => f(x, row(dtype))]),
  ),
  floorDiv: (x, dtype) => tf.floorDiv(x, dtype === "int32" ? row(dtype) : tf.onesLike(x)),
  "mod by one": (x) => tf.mod(x, tf.onesLike(x)),
  "clip at fractions": (x) => tf.clipByValue(x, -1.5, 2.5),
  "step with a slope": (x) => tf.step(x, 0.5),
  elu: tf.elu,
  erf: tf.erf,
  "isFinite and isInf": (x) => tf.logicalXor(tf.isFinite(x), tf.isInf(x)),
  logSigmoid: tf.logSigmoid,
  neg: tf.neg,
  prelu: (x) => tf.prelu(x, tf.tensor1d([0.5, 0.25, 2, 1])),
  selu: tf.selu,
  softmax: (x) => tf.softmax(tf.cast(x, "float32")),
  step: (x) => tf.step(x),
  sum: (x) => tf.sum(x, 0),
  mean: (x) => tf.mean(x, 0),
  max: (x) => tf.max(x, 1),
  cumsum: (x) => tf.cumsum(x, 0, true, true),
  cumprod: (x) => tf.cumprod(tf.clipByValue(x, -2, 2), 1),
  argMax: (x) => tf.argMax(x, 1),
  "the greatest two": (x) => tf.topk(x, 2).values,
  "their places": (x) => tf.topk(x, 2).indices,
  searchSorted: (x) => tf.searchSorted(tf.cumsum(x, 1), x),
  reverse: (x) => tf.reverse(x, 0),
  "reverse, last axis": (x) => tf.reverse(x, 1),
  tile: (x) => tf.tile(x, [2, 3]),
  transpose: (x) => tf.transpose(x),
  pad: (x) =>
    tf.pad(x, [
      [1, 1],
      [0, 2],
    ]),
  concat: (x) => tf.concat([x, x], 1),
  slice: (x) => tf.slice(x, [1, 1], [2, 2]),
  stridedSlice: (x) => tf.stridedSlice(x, [0, 0], [3, 4], [2, 2]),
  where: (x) => tf.where(tf.greater(tf.cast(x, "int32"), 0), x, tf.zerosLike(x)),
  gather: (x) => tf.gather(x, tf.tensor1d([1, 0], "int32")),
  "gather, last axis": (x) => tf.gather(x, tf.tensor1d([1, 0], "int32"), 1),
  segmentSum: (x) => tf.unsortedSegmentSum(x, tf.tensor1d([0, 1, 1], "int32"), 3),
  maxPool: (x) => tf.maxPool(image(x), 2, 1, "valid"),
  avgPool: (x) => tf.avgPool(image(x), 2, 1, "valid"),
  maxPool3d: (x) => tf.maxPool3d(tf.reshape(x, [1, 2, 2, 3, 1]) as tf.Tensor5D, 2, 1, "valid"),
  batchNorm: (x) => tf.batchNorm(image(x), [1, 2, 3], [1, 2, 3], [1, 1, 1], [1, 2, 3]),
  "batchNorm of its own dtype": (x, dtype) =>
    tf.batchNorm(image(x), tf.tensor1d([1, 0, 1], dtype), tf.tensor1d([1, 1, 1], dtype)),
  resizeNearestNeighbor: (x) => tf.image.resizeNearestNeighbor(image(x), [3, 3]),
  localResponseNormalization: (x) => tf.localResponseNormalization(image(x)),
  dilation2d: (x) => tf.dilation2d(image(x), tf.ones([1, 1, 3]), 1, "same"),
  toInt: (x) => tf.cast(tf.mul(tf.cast(x, "float32"), 1e5), "int32"),
  "NaN to int": (x) => tf.cast(tf.add(tf.cast(x, "float32"), Number.NaN), "int32"),
  "sum of an empty tensor": (_, dtype) => tf.sum(tf.zeros([0, 3], dtype), 0),
  "max of an empty tensor": (_, dtype) => tf.max(tf.zeros([0, 3], dtype), 0),
  "prod of an empty tensor": (_, dtype) => tf.prod(tf.zeros([2, 0], dtype), 1, true),
};

/** Kernels whose functions refuse integers before they call a backend. */
const REFUSED_BY_TFJS = ["Ceil", "Cos", "Cosh", "Floor", "Log", "Rsqrt", "Sigmoid", "Sin", "Sqrt", "Tan", "Tanh"];
const byKernel = (name: string): Run => {
  return (x) => tf.engine().runKernel(name, { x }) as tf.Tensor;
};

const CASES: Readonly<Record<string, Run>> = {
  ...UNARY,
  ...OTHERS,
  ...Object.fromEntries(REFUSED_BY_TFJS.map((name) => [`the kernel ${name}`, byKernel(name)])),
};

describeEachLevel(() => {
  // Dirty memory, which a kernel that writes nothing would return.
  beforeEach(async () => {
    await tf.setBackend("wasm");
    tf.tidy(() => [1, 2, 3, 4, 6, 8, 12, 24, 72].map((size) => tf.fill([size], 9.87e5)));
  });

  describe.each(["int32", "bool"] as const)("of %s", (dtype) => {
    const on = async (backend: string, run: Run): Promise<{ dtype: string; shape: number[]; values: number[] }> => {
      await tf.setBackend(backend);
      const before = tf.memory().numTensors;
      try {
        return tf.tidy(() => {
          const y = run(tf.tensor2d([...VALUES[dtype]], [3, 4], dtype), dtype);
          return { dtype: y.dtype, shape: y.shape, values: [...y.dataSync()].map(Number) };
        });
      } catch (error) {
        return { dtype: (error as Error).message, shape: [], values: [] };
      } finally {
        expect(tf.memory().numTensors).toBe(before);
      }
    };

    it.each(Object.entries(CASES))(
      "%s: gives the values, shape and dtype of cpu, or throws like cpu",
      async (_, run) => {
        const [cpu, wasm] = [await on("cpu", run), await on("wasm", run)];
        expect(cpu.dtype).toMatch(/^(float32|int32|bool)$|must/);
        expect(wasm.dtype).toBe(cpu.dtype);
        expect(wasm.shape).toEqual(cpu.shape);
        for (const [i, expected] of cpu.values.entries()) {
          const actual = wasm.values[i] as number;
          // cpu stores 2 and 255 in a bool. Both mean true.
          if (cpu.dtype === "bool") expect([0, 1], `${actual}, cpu ${expected}`).toContain(actual);
          if (cpu.dtype === "bool") expect(Boolean(actual)).toBe(Boolean(expected));
          else if (Number.isFinite(expected))
            expect(actual).toBeCloseTo(expected, 5 - Math.log10(1 + Math.abs(expected)));
          else expect(actual).toBe(expected);
        }
      },
    );

    it("products throw an error that says that they take float32", async () => {
      await tf.setBackend("wasm");
      tf.tidy(() => {
        const x = tf.tensor2d([...VALUES[dtype]], [3, 4], dtype);
        const message = new RegExp(`matMul on wasm takes float32, got ${dtype} and ${dtype}. Cast with tf.cast`);
        expect(() => tf.matMul(x, x, false, true)).toThrow(message);
        expect(() => tf.fused.matMul({ a: x, b: x, transposeB: true })).toThrow(message);
      });
    });
  });

  it("throws for strings, with the kernel's name, instead of using their bytes as numbers", async () => {
    await tf.setBackend("wasm");
    tf.tidy(() => {
      const words = tf.tensor1d(["a", "b"]);
      for (const [name, run] of Object.entries({
        Equal: () => tf.equal(words, words),
        Less: () => tf.less(words, words),
        Tile: () => tf.tile(words, [2]),
      }))
        expect(run).toThrow(new RegExp(`${name} on wasm takes float32, int32 and bool, got .*string.*Cast`));
    });
  });
});
