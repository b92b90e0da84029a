import * as tf from "@tensorflow/tfjs-core";
import { runKernel } from "../tfjs-registry/gradients.ts";
import { assertTensors, perChannel, rows } from "./check-tensors.ts";
import { hasKernel } from "./has-kernel.ts";

/**
 * Normalizes over the last axis (Ba, Kiros & Hinton 2016): (x − μ)/√(σ² + ε)·γ + β, with the biased variance.
 *
 * On a backend without the kernel it is composed of tfjs ops. The results are equal to float32 rounding.
 *
 * @param x [..., C], float32; int32 and bool are composed
 * @param gamma [C], float32
 * @param beta [C], float32
 * @param epsilon added to the variance. @default 1e-3
 * @returns a float32 tensor with the shape of x. x, gamma and beta have gradients.
 * @throws Error with the names of the arguments for other shapes or dtypes
 */
export function layerNorm(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon = 1e-3): tf.Tensor {
  assertTensors("layerNorm", { x: rows(x), gamma: perChannel(x, gamma), beta: perChannel(x, beta) });
  if (hasKernel("GraftLayerNorm") && x.dtype === "float32" && x.size > 0) {
    return runKernel<tf.Tensor[]>("GraftLayerNorm", { x, gamma, beta }, { epsilon })[0] as tf.Tensor;
  }
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon))), gamma), beta);
}
