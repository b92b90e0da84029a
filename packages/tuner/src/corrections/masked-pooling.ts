import { type CallableLayer, type LayerCall, onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** The parts of a layer that decide about masks. */
interface Layer {
  getClassName(): string;
  readonly supportsMasking: boolean;
  readonly maskZero?: boolean;
  readonly returnSequences?: boolean;
  readonly inboundNodes: readonly { readonly inputTensors: readonly { readonly sourceLayer: unknown }[] }[];
}

/**
 * Returns a `call` for a GlobalAveragePooling1D behind a mask, or undefined for others. Stock tfjs-layers ignores the mask, so padding
 * counts in the mean.
 *
 * Layers without a mask of their own are left as they are: `predict` of tfjs-layers passes them the mask of another layer.
 */
export function correctMaskedPooling(layer: CallableLayer, previous: LayerCall): LayerCall | undefined {
  if (!sources(layer as unknown as Layer).some(makesMask)) return undefined;
  return (inputs, kwargs) => {
    const mask = kwargs?.mask as tf.Tensor | tf.Tensor[] | null | undefined;
    if (!mask) return previous(inputs, kwargs);
    return tf.tidy(() => maskedMean(onlyTensor(inputs) as tf.Tensor3D, onlyTensor(mask), 1, false));
  };
}

/** Tells whether a layer's output has a mask: one that it makes, or that of an input. */
function makesMask(layer: Layer): boolean {
  if (layer.getClassName() === "Embedding") return layer.maskZero === true;
  if (layer.getClassName() === "Masking") return true;
  return layer.supportsMasking && layer.returnSequences !== false && sources(layer).some(makesMask);
}

function sources({ inboundNodes }: Layer): readonly Layer[] {
  return inboundNodes.flatMap(({ inputTensors }) => inputTensors.map(({ sourceLayer }) => sourceLayer as Layer));
}

/**
 * Computes the mean of a series over the steps that its mask keeps.
 *
 * @param mask [batch, length]; true or 1 for the steps that count.
 * @param axis the axis of the steps, 1 or 2.
 * @param keep keeps the axis with size 1.
 */
export function maskedMean(x: tf.Tensor3D, mask: tf.Tensor, axis: number, keep: boolean): tf.Tensor {
  const kept = tf.expandDims(tf.cast(mask, x.dtype), axis === 1 ? 2 : 1);
  // A value behind the mask may be infinite, and 0 times infinity is not 0.
  const values = tf.where(tf.cast(tf.mul(kept, tf.ones(x.shape)), "bool"), x, tf.zerosLike(x));
  return tf.div(tf.sum(values, axis, keep), tf.sum(kept, axis, keep));
}
