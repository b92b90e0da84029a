import * as tf from "@tensorflow/tfjs-core";

type Inputs = { readonly [name: string]: tf.Tensor };

/** Makes a right kernel from a stock one. Cases in which stock is right go to `stock`. */
type Fix = (stock: tf.KernelFunc) => tf.KernelFunc;

/** Kernels that tfjs's cpu and wasm backends compute wrongly if their inputs broadcast. */
export const broadcastFixes: { readonly FusedBatchNorm: Fix; readonly BatchMatMul: Fix } = {
  FusedBatchNorm: (stock) => (params) => {
    const { x, mean, variance, scale, offset } = params.inputs as unknown as Inputs;
    const channels = (x as tf.Tensor).shape.at(-1);
    const factors = [mean, variance, scale, offset].filter((factor) => factor !== undefined && factor !== null);
    if (factors.every(({ shape, size }) => size === channels && shape.at(-1) === channels)) return stock(params);
    // Stock steps through the factors along the last axis, whatever their shapes are.
    return tf.tidy(() => {
      const { varianceEpsilon } = params.attrs as unknown as { readonly varianceEpsilon: number };
      const perDeviation = tf.rsqrt(tf.add(variance as tf.Tensor, varianceEpsilon));
      const factor = scale ? tf.mul(perDeviation, scale) : perDeviation;
      const normed = tf.mul(tf.sub(x as tf.Tensor, mean as tf.Tensor), factor);
      return offset ? tf.add(normed, offset) : normed;
    });
  },
  BatchMatMul: (stock) => (params) => {
    const { a, b } = params.inputs as unknown as { readonly a: tf.Tensor; readonly b: tf.Tensor };
    const batches = [a, b].map(({ shape }) => shape.slice(0, -2)) as [number[], number[]];
    const full = tf.broadcast_util.assertAndGetBroadcastShape(...batches);
    const total = tf.util.sizeFromShape(full);
    if (batches.every((batch) => [1, total].includes(tf.util.sizeFromShape(batch)))) return stock(params);
    // Stock steps through both batches as if neither repeated within the other.
    return tf.tidy(() => {
      const repeated = (matrix: tf.Tensor): tf.Tensor => tf.broadcastTo(matrix, [...full, ...matrix.shape.slice(-2)]);
      return tf
        .engine()
        .runKernel<tf.Tensor>("BatchMatMul", { a: repeated(a), b: repeated(b) }, params.attrs as tf.NamedAttrMap);
    });
  },
};
