import * as tf from "@tensorflow/tfjs-core";
import { assertTensor } from "./check-tensors.ts";
import { hasKernel, runKernel } from "./run-fused.ts";

/** Options of {@link gelu}. */
export interface GeluOptions {
  /** Whether to use the tanh form, x/2·(1 + tanh(√(2/π)(x + 0.044715x³))), instead of the exact one. @default false */
  readonly approximate?: boolean;
}

/**
 * Computes gelu (Hendrycks & Gimpel 2016): x·Φ(x) = x/2·(1 + erf(x/√2)).
 *
 * It is one kernel if the backend has one, and is composed of tfjs ops otherwise. Only x is kept for the gradient.
 *
 * @param x any shape; int32 and bool are composed
 * @returns a float32 tensor with the shape of x
 * @throws OptionsError for other dtypes
 */
export function gelu(x: tf.Tensor, { approximate = false }: GeluOptions = {}): tf.Tensor {
  assertTensor("gelu", "x", x);
  const kernel = approximate ? "GraftGelu" : "GraftGeluErf";
  if (hasKernel(kernel) && x.dtype === "float32") return runKernel(kernel, { x });
  return tf.tidy(() => (approximate ? tanhForm(tf.cast(x, "float32")) : exact(tf.cast(x, "float32"))));
}

function tanhForm(x: tf.Tensor): tf.Tensor {
  const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.square(x)))));
  return tf.mul(tf.mul(0.5, x), tf.add(1, tf.tanh(inner)));
}

/** Returns Φ(x), the share of a normal distribution below x. */
const phi = (x: tf.Tensor): tf.Tensor => tf.mul(0.5, tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))));

const exact = tf.customGrad((...inputs) => {
  const [x, save] = inputs as unknown as [tf.Tensor, tf.GradSaveFunc];
  save([x]);
  return {
    value: tf.mul(x, phi(x)),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor => {
      const v = saved[0] as tf.Tensor;
      const density = tf.mul(1 / Math.sqrt(2 * Math.PI), tf.exp(tf.mul(-0.5, tf.square(v))));
      return tf.mul(dy, tf.add(phi(v), tf.mul(v, density)));
    },
  };
});
