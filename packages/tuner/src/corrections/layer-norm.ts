import { type CallableLayer, type LayerCall, onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** The fields of tfjs-layers' LayerNormalization that its `call` reads. */
interface LayerNormLayer extends CallableLayer {
  /** One axis before the layer is built. */
  readonly axis: number | readonly number[];
  readonly epsilon: number;
  /** Absent if the layer was created with `scale: false`. */
  readonly gamma?: { read(): tf.Tensor } | null;
  /** Absent if the layer was created with `center: false`. */
  readonly beta?: { read(): tf.Tensor } | null;
  readonly inboundNodes?: readonly { readonly inputShapes: readonly (readonly (number | null)[])[] }[];
}

/** The most axes for which stock has an op. */
const STOCK_RANK = 4;

/**
 * Returns a `call` for a layer norm without gamma or beta, for which stock has no gradient, or on more than four axes, for which stock has
 * no op.
 */
export function correctLayerNorm(callable: CallableLayer): LayerCall | undefined {
  const layer = callable as LayerNormLayer;
  const { gamma, beta, epsilon } = layer;
  const rank = layer.inboundNodes?.[0]?.inputShapes[0]?.length ?? 0;
  if (gamma && beta && rank <= STOCK_RANK) return undefined;
  return (inputs) =>
    tf.tidy(() => {
      const x = onlyTensor(inputs);
      const axes = [layer.axis].flat().map((axis) => (axis < 0 ? axis + x.rank : axis));
      const along = (weight: tf.Tensor): tf.Tensor =>
        tf.reshape(
          weight,
          x.shape.map((size, i) => (axes.includes(i) ? size : 1)),
        );
      const { mean, variance } = tf.moments(x, axes, true);
      const y = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
      const scaled = gamma ? tf.mul(y, along(gamma.read())) : y;
      return beta ? tf.add(scaled, along(beta.read())) : scaled;
    });
}
