import * as tf from "@tensorflow/tfjs-core";
import { type AxisRun, joinBroadcastAxes } from "../shapes/broadcast-axes.ts";

/** XNNPACK's limit. Beyond it stock prints a line and returns uninitialized memory. */
const MAX_RANK = 6;

const BINARY = [
  "Add",
  "Atan2",
  "BitwiseAnd",
  "Equal",
  "FloorDiv",
  "Greater",
  "GreaterEqual",
  "Less",
  "LessEqual",
  "LogicalAnd",
  "LogicalOr",
  "LogicalXor",
  "Maximum",
  "Minimum",
  "Mod",
  "Multiply",
  "NotEqual",
  "Pow",
  "RealDiv",
  "SquaredDifference",
  "Sub",
] as const;

/** Fixes of functions of two tensors for any number of dimensions. Axes that broadcast alike are joined before stock runs. */
export const highRankBroadcasts: { readonly [kernelName: string]: (stock: tf.KernelFunc) => tf.KernelFunc } =
  Object.fromEntries(BINARY.map((name) => [name, fix(name)]));

function fix(kernelName: string): (stock: tf.KernelFunc) => tf.KernelFunc {
  return (stock) => (params) => {
    const { a, b } = params.inputs as unknown as { readonly a: tf.Tensor; readonly b: tf.Tensor };
    if (a.shape.length <= MAX_RANK && b.shape.length <= MAX_RANK) return stock(params);
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
    return tf.tidy(() => {
      const [x, y] = joined(a, b, shape);
      return tf.reshape(tf.engine().runKernel(kernelName, { a: x, b: y }) as tf.Tensor, shape);
    });
  };
}

/** Returns the operands in at most six dimensions: with joined axes or, if these are still too many, repeated in full. */
function joined(a: tf.Tensor, b: tf.Tensor, shape: readonly number[]): [tf.Tensor, tf.Tensor] {
  const runs = joinBroadcastAxes(a.shape, b.shape);
  const sizes = (which: "inA" | "inB"): number[] => runs.map((run) => (run[which] ? run.size : 1));
  if (runs.length <= MAX_RANK && !shape.includes(0)) return [tf.reshape(a, sizes("inA")), tf.reshape(b, sizes("inB"))];
  return [inFull(a, shape), inFull(b, shape)];
}

/** Repeats a tensor to `shape` and returns it with one axis. */
function inFull(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const runs: readonly AxisRun[] = joinBroadcastAxes(x.shape, shape);
  let [y, before] = [x, x.size];
  let after = 1;
  for (const { size, inA } of [...runs].reverse()) {
    if (inA) before /= size;
    else y = tf.tile(tf.reshape(y, [before, 1, after]), [1, size, 1]);
    after *= size;
  }
  return tf.reshape(y, [tf.util.sizeFromShape(shape as number[])]);
}
