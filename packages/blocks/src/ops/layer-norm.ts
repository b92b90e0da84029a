import * as tf from "@tensorflow/tfjs-core";
import { assertTensor, assertVector } from "./check-tensors.ts";
import { hasKernel, runKernel } from "./run-fused.ts";

/**
 * Normalizes over the last axis (Ba, Kiros & Hinton 2016): (x − μ)/√(σ² + ε)·γ + β, with the biased variance.
 *
 * It is one kernel if the backend has one, and is composed of tfjs ops otherwise. The results are equal to float32 rounding.
 *
 * @param x [..., C], float32; int32 and bool are composed
 * @param gamma [C], float32
 * @param beta [C], float32
 * @param epsilon added to the variance. @default 1e-5
 * @returns a float32 tensor with the shape of x. x, gamma and beta have gradients.
 * @throws OptionsError with the names of the arguments for other shapes or dtypes
 */
export function layerNorm(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon = 1e-5): tf.Tensor {
  assertTensor("layerNorm", "x", x, 1);
  assertVector("layerNorm", "gamma", gamma, x.shape.at(-1) as number);
  assertVector("layerNorm", "beta", beta, x.shape.at(-1) as number);
  if (hasKernel("GraftLayerNorm") && x.dtype === "float32" && x.size > 0)
    return tf.tidy(() => runKernel<tf.Tensor[]>("GraftLayerNorm", { x, gamma, beta }, { epsilon })[0] as tf.Tensor);
  return tf.tidy(() => {
    const { mean, variance } = tf.moments(x, -1, true);
    return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon))), gamma), beta);
  });
}
