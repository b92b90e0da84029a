import { onlyTensor, type WeightLike } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type BatchNormLayer, channelAxis } from "../layers/batch-norm-layer.ts";
import { type Activation, activate } from "./activation.ts";
import { hasFusedKernel } from "./fused-kernel.ts";

/**
 * Computes act(γ·(x − μ)/√(σ² + ε) + β) with the running μ and σ². For the last axis the result has the same bits as that of the stock
 * layers. It is one kernel if the backend has `GraftBatchNorm`.
 *
 * For other axes the stock layers are wrong: the cpu and wasm kernels step through γ, β, μ and σ² along the last axis (tensorflow/tfjs#1106).
 * For five axes they have no op.
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
  if (axis !== x.rank - 1) {
    const vector = (tensor: tf.Tensor): tf.Tensor => tf.reshape(tensor, broadcastShape(x.rank, axis));
    const scaled = tf.mul(tf.sub(x, vector(movingMean.read())), vector(normScale(norm)));
    return activate(beta ? tf.add(scaled, vector(beta.read())) : scaled, activation);
  }
  if (hasFusedKernel("GraftBatchNorm")) {
    return tf
      .engine()
      .runKernel("GraftBatchNorm", { x, ...normVectors(norm) }, { varianceEpsilon: epsilon, activation });
  }
  const vector = (weight: WeightLike): tf.Tensor1D => weight.read() as tf.Tensor1D;
  const normed = withRank4(x, (merged) =>
    tf.batchNorm(
      merged,
      vector(movingMean),
      vector(movingVariance),
      beta ? vector(beta) : undefined,
      gamma ? vector(gamma) : undefined,
      epsilon,
    ),
  );
  return activate(normed, activation);
}

/** Computes an op over the last axis of x. Merges the first axes if there are more than four, because tfjs's batch norm takes four. */
export function withRank4(x: tf.Tensor, op: (merged: tf.Tensor4D) => tf.Tensor): tf.Tensor {
  if (x.rank <= 4) return op(x as tf.Tensor4D);
  const [height, width, channels] = x.shape.slice(-3) as [number, number, number];
  return tf.reshape(op(tf.reshape(x, [-1, height, width, channels]) as tf.Tensor4D), x.shape);
}

/**
 * Computes batch norm with the running statistics, as the layer itself should in inference.
 *
 * @param previous the layer's own computation. It is used in the cases in which stock tfjs is right.
 */
export function inferredBy(norm: BatchNormLayer, x: tf.Tensor, previous: () => tf.Tensor | tf.Tensor[]): tf.Tensor {
  const isStockRight = x.rank <= 4 && channelAxis(norm, x.rank) === x.rank - 1;
  return isStockRight ? onlyTensor(previous()) : tf.tidy(() => normalizeAndActivate(x, norm, "linear"));
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
