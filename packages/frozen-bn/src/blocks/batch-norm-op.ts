import type { WeightLike } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type BatchNormLayer, channelAxis } from "../layers/batch-norm-layer.ts";
import { type Activation, activate } from "./activation.ts";
import { hasFusedKernel } from "./fused-kernel.ts";

/**
 * Computes act(γ·(x − μ)/√(σ² + ε) + β) with the running μ and σ². The result has the same bits as that of the stock layers.
 * It is one kernel if the backend has `GraftBatchNorm`.
 *
 * @param axis the axis of the channels. @default that of the layer
 */
export function normalizeAndActivate(
  x: tf.Tensor,
  norm: BatchNormLayer,
  activation: Activation,
  axis: number = channelAxis(norm, x.rank),
): tf.Tensor {
  const { movingMean, movingVariance, gamma, beta, epsilon } = norm;
  if (axis === x.rank - 1 && hasFusedKernel("GraftBatchNorm")) {
    return tf
      .engine()
      .runKernel("GraftBatchNorm", { x, ...normVectors(norm) }, { varianceEpsilon: epsilon, activation });
  }
  const vector = (weight: WeightLike): tf.Tensor1D =>
    tf.reshape(weight.read(), broadcastShape(x.rank, axis) as [number]);
  const normed = tf.batchNorm(
    x as tf.Tensor4D,
    vector(movingMean),
    vector(movingVariance),
    beta ? vector(beta) : undefined,
    gamma ? vector(gamma) : undefined,
    epsilon,
  );
  return activate(normed, activation);
}

/** Computes γ/√(σ² + ε), one value per channel. Shape [C]. */
export function normScale({ gamma, movingVariance, epsilon }: BatchNormLayer): tf.Tensor {
  const perDeviation = tf.rsqrt(tf.add(movingVariance.read(), epsilon));
  return gamma ? tf.mul(perDeviation, gamma.read()) : perDeviation;
}

/** Returns the vectors of a batch norm under the input names of the fused kernels. */
export function normVectors({ movingMean, movingVariance, gamma, beta }: BatchNormLayer): tf.NamedTensorMap {
  return {
    mean: movingMean.read(),
    variance: movingVariance.read(),
    ...(beta ? { offset: beta.read() } : {}),
    ...(gamma ? { scale: gamma.read() } : {}),
  };
}

/** Returns the shape that broadcasts a vector along `axis`. For the last axis it stays a vector: stock kernels are then fastest. */
export function broadcastShape(rank: number, axis: number): number[] {
  return axis === rank - 1 ? [-1] : Array.from({ length: rank }, (_, i) => (i === axis ? -1 : 1));
}
