import * as tf from "@tensorflow/tfjs-core";
import { withRank4 } from "../blocks/batch-norm-op.ts";
import { type BatchNormLayer, channelAxis, reductionAxes } from "../layers/batch-norm-layer.ts";

/** The statistics that a layer normalizes by in training: the pretrained ones, or those of the batch. */
export type NormalizeBy = "running" | "batch";

interface Moments {
  /** Shape [C]. */
  readonly mean: tf.Tensor;
  /** Biased, as in tfjs and Keras. Shape [C]. */
  readonly variance: tf.Tensor;
}

/**
 * Computes γ·(x − μ_B)/√(σ²_B + ε) + β with the statistics of the batch itself (Ioffe & Szegedy 2015, algorithm 1).
 * Gradients flow through the statistics.
 *
 * Stock tfjs crashes here if gamma or beta is absent (tensorflow/tfjs#2868). It has no gradient if the channels are not the
 * last axis.
 */
export function normalizeByBatch(x: tf.Tensor, layer: BatchNormLayer): { readonly y: tf.Tensor } & Moments {
  const axis = channelAxis(layer, x.rank);
  const axes = reductionAxes(x.rank, axis);
  const shape = x.shape.map((size, i) => (i === axis ? size : 1));
  const { mean, variance } = tf.moments(x, axes);
  if (axis === x.rank - 1) {
    // This op is the one of the stock layer. So a layer with plain batch norm computes the same bits as the stock layer.
    const beta = layer.beta?.read() ?? tf.zerosLike(mean);
    const gamma = layer.gamma?.read() ?? tf.onesLike(mean);
    const vectors = [mean, variance, beta, gamma] as tf.Tensor1D[] as [
      tf.Tensor1D,
      tf.Tensor1D,
      tf.Tensor1D,
      tf.Tensor1D,
    ];
    return { y: withRank4(x, (merged) => tf.batchNorm(merged, ...vectors, layer.epsilon)), mean, variance };
  }
  const scale = tf.rsqrt(tf.add(tf.reshape(variance, shape), layer.epsilon));
  const normed = tf.mul(tf.sub(x, tf.reshape(mean, shape)), scale);
  const scaled = layer.gamma ? tf.mul(normed, tf.reshape(layer.gamma.read(), shape)) : normed;
  const y = layer.beta ? tf.add(scaled, tf.reshape(layer.beta.read(), shape)) : scaled;
  return { y, mean, variance };
}

/** Moves the running statistics towards those of `x`, outside gradient recording. So nothing is kept for a backward pass. */
export function moveStatisticsBy(x: tf.Tensor, layer: BatchNormLayer): void {
  const axes = reductionAxes(x.rank, channelAxis(layer, x.rank));
  // The forward function of a custom gradient is not recorded.
  const move = tf.customGrad((input) => {
    moveStatistics(layer, tf.moments(input as tf.Tensor, axes));
    return { value: tf.scalar(0), gradFunc: () => tf.zerosLike(x) };
  });
  tf.dispose(move(x));
}

/** Moves the running statistics by one exponential step, as stock tfjs does: v ← v − (v − batch)·(1 − momentum). */
export function moveStatistics(layer: BatchNormLayer, { mean, variance }: Moments): void {
  tf.tidy(() => {
    const decay = 1 - layer.momentum;
    for (const [weight, value] of [[layer.movingMean, mean] as const, [layer.movingVariance, variance] as const]) {
      const before = weight.read();
      weight.write(tf.sub(before, tf.mul(tf.sub(before, value), decay)));
    }
  });
}
