import type { WeightLike } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type BatchNormLayer, channelAxis } from "./layer-view.ts";
import { reductionAxes } from "./normalize-by-batch.ts";

/**
 * y = γ·(x − μ)/√(σ² + ε) + β with constant μ and σ²: the bits of the stock layer in inference, and a gradient of its own.
 *
 * ∂x = ∂y·γ/√(σ² + ε), ∂γ = Σ ∂y·(x − μ)/√(σ² + ε), ∂β = Σ ∂y. Keeps x for the backward pass only where gamma trains,
 * otherwise nothing; stock always keeps x. Gamma and beta may be absent and the channels may stand anywhere: stock tfjs has
 * no gradient for either.
 */
export function normalizeByRunning(x: tf.Tensor, layer: BatchNormLayer): tf.Tensor {
  const axis = channelAxis(layer, x.rank);
  const shape: number[] =
    axis === x.rank - 1 ? [x.shape[axis] as number] : x.shape.map((size, i) => (i === axis ? size : 1));
  const { gamma, beta } = layer;
  const trained = [gamma, beta].flatMap((weight) => (weight?.trainable ? [weight.read()] : []));
  const op = tf.customGrad((...args) => {
    const input = args[0] as tf.Tensor;
    const save = args.at(-1) as tf.GradSaveFunc;
    const vector = (weight: WeightLike): tf.Tensor1D => tf.reshape(weight.read(), shape as [number]);
    const value = tf.batchNorm(
      input as tf.Tensor4D,
      vector(layer.movingMean),
      vector(layer.movingVariance),
      beta ? vector(beta) : undefined,
      gamma ? vector(gamma) : undefined,
      layer.epsilon,
    );
    if (gamma?.trainable) save([input]);
    return { value, gradFunc: (dy, saved) => gradients(dy as tf.Tensor, saved, layer, axis, shape) };
  });
  return op(x, ...trained);
}

/** Of x, then of gamma and beta where they train. */
function gradients(
  dy: tf.Tensor,
  saved: readonly tf.Tensor[],
  { gamma, beta, movingMean, movingVariance, epsilon }: BatchNormLayer,
  axis: number,
  shape: number[],
): tf.Tensor[] {
  const axes = reductionAxes(dy.rank, axis);
  const perDeviation = tf.rsqrt(tf.add(movingVariance.read(), epsilon));
  const scale = gamma ? tf.mul(perDeviation, gamma.read()) : perDeviation;
  const grads = [tf.mul(dy, tf.reshape(scale, shape))];
  if (gamma?.trainable) {
    const centred = tf.sub(saved[0] as tf.Tensor, tf.reshape(movingMean.read(), shape));
    grads.push(tf.mul(tf.sum(tf.mul(dy, centred), axes), perDeviation));
  }
  if (beta?.trainable) grads.push(tf.sum(dy, axes));
  return grads;
}
