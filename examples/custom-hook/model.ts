import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";

/** Returns points [64, 4] and their squared lengths [64, 1]. */
export function examples(): { readonly x: tf.Tensor2D; readonly y: tf.Tensor2D } {
  const x = tf.randomNormal<tf.Rank.R2>([64, 4], 0, 1, "float32", 1);
  return { x, y: tf.tidy(() => tf.sum(tf.square(x), 1, true)) };
}

/** Builds a net 4 → 16 → 1. Its initial weights are the same in each call. */
export function model(): layers.Sequential {
  const dense = (name: string, units: number, seed: number, more: object = {}): layers.layers.Layer =>
    layers.layers.dense({ name, units, kernelInitializer: layers.initializers.glorotNormal({ seed }), ...more });
  return layers.sequential({
    layers: [dense("hidden", 16, 2, { inputShape: [4], activation: "tanh" }), dense("head", 1, 3)],
  });
}
