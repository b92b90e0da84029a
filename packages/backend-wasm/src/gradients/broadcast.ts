import * as tf from "@tensorflow/tfjs-core";
import type { WasmGradient } from "../tfjs-registry/gradients.ts";

/** Sums a gradient over the axes along which its input was repeated. */
export function unbroadcast(gradient: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(gradient, axes) : gradient, shape);
}

type Partial = (a: tf.Tensor, b: tf.Tensor, dy: tf.Tensor) => tf.Tensor;

/** tfjs's gradients of these three have the shape of the output, whatever the input was. */
function binary(kernelName: string, da: Partial, db: Partial): WasmGradient {
  return {
    kernelName,
    inputsToSave: ["a", "b"],
    gradFunc: (dy, [a, b]) =>
      a && b ? { a: () => unbroadcast(da(a, b, dy), a.shape), b: () => unbroadcast(db(a, b, dy), b.shape) } : undefined,
  };
}

const where = (mask: tf.Tensor, dy: tf.Tensor): tf.Tensor => tf.mul(dy, tf.cast(mask, "float32"));

export const broadcastGradients: readonly WasmGradient[] = [
  // Where both are equal, all of dy goes to `a`, as in tfjs.
  binary(
    "Maximum",
    (a, b, dy) => where(tf.greaterEqual(a, b), dy),
    (a, b, dy) => where(tf.less(a, b), dy),
  ),
  binary(
    "Minimum",
    (a, b, dy) => where(tf.lessEqual(a, b), dy),
    (a, b, dy) => where(tf.greater(a, b), dy),
  ),
  binary(
    "SquaredDifference",
    (a, b, dy) => tf.mul(dy, tf.mul(2, tf.sub(a, b))),
    (a, b, dy) => tf.mul(dy, tf.mul(2, tf.sub(b, a))),
  ),
];
