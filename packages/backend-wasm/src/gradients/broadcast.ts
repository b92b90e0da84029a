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

/**
 * Gradient of a product of matrices. The product with dy has the batch axes of the output, so it is summed over those along which the
 * input was repeated.
 */
const matMulGradient: WasmGradient = {
  kernelName: "BatchMatMul",
  inputsToSave: ["a", "b"],
  gradFunc(dy, [a, b], attrs) {
    const { transposeA, transposeB } = attrs as unknown as {
      readonly transposeA: boolean;
      readonly transposeB: boolean;
    };
    const batch = dy.shape.slice(0, -2);
    const repeated = (tensor: tf.Tensor | undefined): boolean =>
      tensor !== undefined && !tf.util.arraysEqual(tensor.shape.slice(0, -2), batch);
    if (!a || !b || (!repeated(a) && !repeated(b))) return undefined;
    return {
      a: () =>
        unbroadcast(transposeA ? tf.matMul(b, dy, transposeB, true) : tf.matMul(dy, b, false, !transposeB), a.shape),
      b: () =>
        unbroadcast(transposeB ? tf.matMul(dy, a, true, transposeA) : tf.matMul(a, dy, !transposeA, false), b.shape),
    };
  },
};

/** Gradients of maximum, minimum, squaredDifference and products of matrices. */
export const broadcastGradients: readonly WasmGradient[] = [
  matMulGradient,
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
