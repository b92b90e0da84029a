import * as tf from "@tensorflow/tfjs-core";
import type { BatchNormLayer } from "../layers/batch-norm-layer.ts";
import { normScale } from "./batch-norm-op.ts";
import { hasFusedKernel } from "./fused-kernel.ts";
import type { LinearLayer } from "./linear-layer.ts";

/** Tensors that the gradients of a linear map and of the batch norm after it need. */
export interface NormedKernelGradient {
  /** kernel·s, for the gradient of the input. */
  readonly scaled: tf.Tensor;
  readonly kernel: tf.Tensor;
  readonly beta?: tf.Tensor;
  readonly bias?: tf.Tensor;
  readonly gamma?: tf.Tensor;
}

/**
 * Computes the gradients of the kernel and of the trained vectors, by one kernel if the backend has `GraftNormedKernelGrad`.
 *
 * Let s = γ/√(σ² + ε), G the gradient of the kernel of L, and S = Σ ∂z. Then ∂kernel = G·s, ∂β = S, ∂b = s·S and
 * ∂γ = (Σ kernel·G + (b − μ)·S)/√(σ² + ε).
 *
 * @param gradient G, in the shape of the kernel.
 * @param sum S, shape [C]. Required if `trained` has an entry.
 * @param trained has a key for each vector that needs a gradient: beta, bias, gamma.
 */
export function normedKernelGradient(
  kernel: tf.Tensor,
  gradient: tf.Tensor,
  sum: tf.Tensor | undefined,
  { linear, norm }: { readonly linear: LinearLayer; readonly norm: BatchNormLayer },
  trained: Readonly<Record<string, unknown>>,
): NormedKernelGradient {
  const { gamma, movingMean, movingVariance, epsilon } = norm;
  const bias = linear.bias?.read();
  const beta = trained.beta ? { beta: sum as tf.Tensor } : {};
  if (linear.channelsLast && hasFusedKernel("GraftNormedKernelGrad")) {
    const inputs = {
      ...{ kernel, gradient, mean: movingMean.read(), variance: movingVariance.read() },
      ...(sum && { sum }),
      ...(gamma && { scale: gamma.read() }),
      ...(bias && { bias }),
    };
    const attrs = {
      varianceEpsilon: epsilon,
      wantScale: trained.gamma !== undefined,
      wantBias: trained.bias !== undefined,
    };
    const [scaled, scaledGradient, ...rest] = tf
      .engine()
      .runKernel<tf.Tensor[]>("GraftNormedKernelGrad", inputs, attrs);
    return {
      scaled: scaled as tf.Tensor,
      kernel: scaledGradient as tf.Tensor,
      ...beta,
      ...(trained.gamma ? { gamma: rest.shift() as tf.Tensor } : {}),
      ...(trained.bias ? { bias: rest.shift() as tf.Tensor } : {}),
    };
  }
  const scale = normScale(norm);
  const factor = linear.perOutput(scale);
  const products = (): tf.Tensor => {
    const mean = movingMean.read();
    const shift = tf.mul(bias ? tf.sub(bias, mean) : tf.neg(mean), sum as tf.Tensor);
    const perDeviation = tf.rsqrt(tf.add(movingVariance.read(), epsilon));
    return tf.mul(tf.add(linear.outputSum(tf.mul(kernel, gradient)), shift), perDeviation);
  };
  return {
    scaled: tf.mul(kernel, factor),
    kernel: tf.mul(gradient, factor),
    ...beta,
    ...(trained.gamma ? { gamma: products() } : {}),
    ...(trained.bias ? { bias: tf.mul(sum as tf.Tensor, scale) } : {}),
  };
}
