import * as tf from "@tensorflow/tfjs-core";
import { type BatchNormLayer, channelAxis, reductionAxes } from "../layers/batch-norm-layer.ts";

/** The statistics that normalise in training: the pretrained ones, or the batch's own. */
export type NormalizeBy = "running" | "batch";

interface Moments {
  /** Shape [C]. */
  readonly mean: tf.Tensor;
  /** Biased, as in tfjs and Keras. Shape [C]. */
  readonly variance: tf.Tensor;
}

/**
 * γ·(x − μ_B)/√(σ²_B + ε) + β with the batch's own statistics (Ioffe & Szegedy 2015, algorithm 1), through which gradients flow.
 *
 * Stock tfjs crashes here without gamma or beta (tensorflow/tfjs#2868) and cannot differentiate where the channels are not last.
 */
export function normalizeByBatch(x: tf.Tensor, layer: BatchNormLayer): { readonly y: tf.Tensor } & Moments {
  const axis = channelAxis(layer, x.rank);
  const axes = reductionAxes(x.rank, axis);
  const shape = x.shape.map((size, i) => (i === axis ? size : 1));
  const { mean, variance } = tf.moments(x, axes);
  if (axis === x.rank - 1) {
    // The op of the stock layer, so that a layer left at plain batch norm computes the stock bits.
    const beta = layer.beta?.read() ?? tf.zerosLike(mean);
    const gamma = layer.gamma?.read() ?? tf.onesLike(mean);
    const vectors = [mean, variance, beta, gamma] as tf.Tensor1D[] as [
      tf.Tensor1D,
      tf.Tensor1D,
      tf.Tensor1D,
      tf.Tensor1D,
    ];
    return { y: tf.batchNorm(x as tf.Tensor4D, ...vectors, layer.epsilon), mean, variance };
  }
  const scale = tf.rsqrt(tf.add(tf.reshape(variance, shape), layer.epsilon));
  const normed = tf.mul(tf.sub(x, tf.reshape(mean, shape)), scale);
  const scaled = layer.gamma ? tf.mul(normed, tf.reshape(layer.gamma.read(), shape)) : normed;
  const y = layer.beta ? tf.add(scaled, tf.reshape(layer.beta.read(), shape)) : scaled;
  return { y, mean, variance };
}

/** Moves the statistics by those of `x`, off the tape: nothing is kept for a backward pass that will not come. */
export function moveStatisticsBy(x: tf.Tensor, layer: BatchNormLayer): void {
  const axes = reductionAxes(x.rank, channelAxis(layer, x.rank));
  // What runs inside a custom gradient's forward function is not recorded.
  const move = tf.customGrad((input) => {
    moveStatistics(layer, tf.moments(input as tf.Tensor, axes));
    return { value: tf.scalar(0), gradFunc: () => tf.zerosLike(x) };
  });
  tf.dispose(move(x));
}

/** One exponential step of the running statistics, as stock tfjs takes it: v ← v − (v − batch)·(1 − momentum). */
export function moveStatistics(layer: BatchNormLayer, { mean, variance }: Moments): void {
  tf.tidy(() => {
    const decay = 1 - layer.momentum;
    for (const [weight, value] of [[layer.movingMean, mean] as const, [layer.movingVariance, variance] as const]) {
      const before = weight.read();
      weight.write(tf.sub(before, tf.mul(tf.sub(before, value), decay)));
    }
  });
}
