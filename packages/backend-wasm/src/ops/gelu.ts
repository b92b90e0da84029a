import * as tf from "@tensorflow/tfjs-core";
import { runKernel } from "../tfjs-registry/gradients.ts";
import { assertTensors, NUMBERS } from "./check-tensors.ts";
import { hasKernel } from "./has-kernel.ts";

/**
 * Computes gelu in its tanh form: x/2·(1 + tanh(√(2/π)(x + 0.044715x³))) (Hendrycks & Gimpel 2016; `gelu_new` in
 * tfjs-layers).
 *
 * @param x any shape, float32. int32 and bool, and all dtypes on a backend without the kernel, are composed of tfjs ops.
 * @returns a float32 tensor with the shape of x
 * @throws Error with the dtype for other dtypes
 */
export function gelu(x: tf.Tensor): tf.Tensor {
  assertTensors("gelu", { x: { tensor: x, shape: ["..."], dtypes: NUMBERS } });
  if (hasKernel("GraftGelu") && x.dtype === "float32") return runKernel("GraftGelu", { x });
  const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.square(x)))));
  return tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(inner)));
}
