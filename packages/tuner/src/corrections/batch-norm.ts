import { type CallableLayer, type LayerCall, onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** A weight of tfjs-layers. */
interface LayerWeight {
  read(): tf.Tensor;
  write(value: tf.Tensor): unknown;
}

/** The fields of tfjs-layers' BatchNormalization that its `call` reads. */
interface BatchNormLayer extends CallableLayer {
  readonly axis: number;
  readonly momentum: number;
  readonly epsilon: number;
  /** Absent if the layer was created with `scale: false`. */
  readonly gamma?: LayerWeight | null;
  /** Absent if the layer was created with `center: false`. */
  readonly beta?: LayerWeight | null;
  readonly movingMean: LayerWeight;
  readonly movingVariance: LayerWeight;
  readonly inputSpec?: readonly { readonly ndim?: number }[];
}

/**
 * Returns a correct `call` for a batch norm that stock tfjs computes wrongly, or undefined if stock is right.
 *
 * Over another axis than the last, the kernels of cpu and wasm step through the factors along the last axis, and a gradient is missing
 * (tensorflow/tfjs#1106). Stock has no op for five axes, and training throws without gamma or beta (tensorflow/tfjs#2868).
 */
export function correctBatchNorm(callable: CallableLayer): LayerCall | undefined {
  const layer = callable as BatchNormLayer;
  const rank = layer.inputSpec?.[0]?.ndim;
  if (rank === undefined || !layer.movingMean) return undefined;
  const axis = layer.axis < 0 ? layer.axis + rank : layer.axis;
  if (axis === rank - 1 && rank <= 4 && layer.gamma && layer.beta) return undefined;
  return (inputs, kwargs) =>
    tf.tidy(() => {
      const x = onlyTensor(inputs);
      if (kwargs?.training !== true)
        return normalized(x, layer, axis, layer.movingMean.read(), layer.movingVariance.read());
      const others = x.shape.map((_, i) => i).filter((i) => i !== axis);
      const { mean, variance } = tf.moments(x, others);
      const y = normalized(x, layer, axis, mean, variance);
      move(layer.movingMean, mean, layer.momentum);
      move(layer.movingVariance, variance, layer.momentum);
      return y;
    });
}

/** Computes γ·(x − μ)/√(σ² + ε) + β, with vectors along `axis`. */
function normalized(
  x: tf.Tensor,
  { gamma, beta, epsilon }: BatchNormLayer,
  axis: number,
  mean: tf.Tensor,
  variance: tf.Tensor,
): tf.Tensor {
  const along = (vector: tf.Tensor): tf.Tensor =>
    tf.reshape(
      vector,
      x.shape.map((size, i) => (i === axis ? size : 1)),
    );
  const perDeviation = tf.rsqrt(tf.add(variance, epsilon));
  const scale = gamma ? tf.mul(perDeviation, gamma.read()) : perDeviation;
  const scaled = tf.mul(tf.sub(x, along(mean)), along(scale));
  return beta ? tf.add(scaled, along(beta.read())) : scaled;
}

/** Computes v ← v − (v − value)·(1 − momentum), as tfjs-layers does. */
function move(weight: LayerWeight, value: tf.Tensor, momentum: number): void {
  const before = weight.read();
  weight.write(tf.sub(before, tf.mul(tf.sub(before, value), 1 - momentum)));
}
