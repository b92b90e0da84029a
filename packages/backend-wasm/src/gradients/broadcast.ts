import * as tf from "@tensorflow/tfjs-core";
import type { WasmGradient } from "../tfjs-registry/gradients.ts";

/** Sums a gradient over the axes along which its input was repeated. */
export function unbroadcast(gradient: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(gradient, axes) : gradient, shape);
}

type Partial = (a: tf.Tensor, b: tf.Tensor, dy: tf.Tensor) => tf.Tensor;

/** Makes the gradient of a function of two tensors. tfjs's gradients have the output's shape instead of the inputs'. */
function binary(kernelName: string, da: Partial, db: Partial): WasmGradient {
  return {
    kernelName,
    inputsToSave: ["a", "b"],
    gradFunc: (dy, [a, b]) =>
      a && b ? { a: () => unbroadcast(da(a, b, dy), a.shape), b: () => unbroadcast(db(a, b, dy), b.shape) } : undefined,
  };
}

const masked = (mask: tf.Tensor, dy: tf.Tensor): tf.Tensor => tf.mul(dy, tf.cast(mask, "float32"));

/** Gradients of maximum, minimum and squaredDifference. */
export const broadcastGradients: readonly WasmGradient[] = [
  // If both are equal, all of dy goes to `a`, as in tfjs.
  binary(
    "Maximum",
    (a, b, dy) => masked(tf.greaterEqual(a, b), dy),
    (a, b, dy) => masked(tf.less(a, b), dy),
  ),
  binary(
    "Minimum",
    (a, b, dy) => masked(tf.lessEqual(a, b), dy),
    (a, b, dy) => masked(tf.greater(a, b), dy),
  ),
  binary(
    "SquaredDifference",
    (a, b, dy) => tf.mul(dy, tf.mul(2, tf.sub(a, b))),
    (a, b, dy) => tf.mul(dy, tf.mul(2, tf.sub(b, a))),
  ),
];
