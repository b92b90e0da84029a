import * as tf from "@tensorflow/tfjs-core";
import { forward, type OpCase, of } from "./case.ts";

type One = tf.Tensor;

/** Ops that models run on whole numbers and truth values: class numbers, words, masks. */
const OPS: Readonly<Record<string, (x: One) => One>> = {
  transpose: (x) => tf.transpose(x, [1, 0, 2]),
  "transpose 2d": (x) => tf.transpose(tf.reshape(x, [6, 4])),
  reverse: (x) => tf.reverse(x, 1),
  concat: (x) => tf.concat([x, x], 1),
  slice: (x) => tf.slice(x, [0, 1, 0], [2, 2, 4]),
  pad: (x) =>
    tf.pad(x, [
      [0, 0],
      [1, 0],
      [0, 0],
    ] as [number, number][]),
  tile: (x) => tf.tile(x, [1, 2, 1]),
  gather: (x) => tf.gather(x, tf.tensor1d([1, 0], "int32")),
  where: (x) => tf.where(tf.cast(x, "bool"), x, tf.reverse(x, 1)),
  "sum of axis 1": (x) => tf.sum(x, 1),
  "max of axis 1": (x) => tf.max(tf.cast(x, "int32"), 1),
  "argMax of axis 1": (x) => tf.argMax(tf.cast(x, "int32"), 1),
  "cumsum of axis 1": (x) => tf.cumsum(tf.cast(x, "int32"), 1),
  "all of axis 1": (x) => tf.all(tf.cast(x, "bool"), 1),
  oneHot: (x) => tf.oneHot(tf.cast(x, "int32"), 3),
};

/** Computes on the numbers from 0 to 4 as `dtype`. Truth values are all but 0. */
const on = (dtype: "int32" | "bool", run: (x: One) => One) => (given: One) =>
  tf.cast(run(tf.cast(tf.cast(tf.mul(given, 5), "int32"), dtype)), "float32");

export const wholeNumbers: readonly OpCase[] = (["int32", "bool"] as const).flatMap((dtype) =>
  Object.entries(OPS).map(([name, run]) => forward(`${name}, ${dtype}`, [of("probability", 2, 3, 4)], on(dtype, run))),
);
