import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import type { Param, TensorMap } from "../src/index.ts";

/** 3 → 8 → 1, always with the same weights. */
export function net(): layers.Sequential {
  const dense = (units: number, name: string, seed: number, more: object = {}): layers.layers.Layer =>
    layers.layers.dense({ units, name, kernelInitializer: layers.initializers.glorotNormal({ seed }), ...more });
  return layers.sequential({
    layers: [dense(8, "hidden", 3, { inputShape: [3], activation: "tanh" }), dense(1, "head", 4)],
  });
}

/** 32 points of a sum, and the loss of `model` on them. Dispose `x` and `y`. */
export function task(): { x: tf.Tensor2D; y: tf.Tensor; loss: (model: layers.LayersModel) => () => tf.Scalar } {
  const x = tf.randomNormal([32, 3], 0, 1, "float32", 5) as tf.Tensor2D;
  const y = tf.tidy(() => tf.sum(x, 1, true));
  return { x, y, loss: (model) => () => tf.losses.meanSquaredError(y, model.predict(x) as tf.Tensor) as tf.Scalar };
}

/** Every weight of a model, flat. */
export function bits(model: layers.LayersModel): number[][] {
  return model.getWeights().map((weight) => [...weight.dataSync()]);
}

/** A parameter named `layer/role` over a fresh variable. */
export function param(name: string, values: tf.TensorLike): Param {
  const cut = name.lastIndexOf("/");
  const variable = tf.tidy(() => tf.variable(tf.tensor(values, undefined, "float32")));
  const { shape } = variable;
  return { name, layer: name.slice(0, cut), role: name.slice(cut + 1), shape, unitAxes: [shape.length - 1], variable };
}

export function params(values: { readonly [name: string]: unknown }): Param[] {
  return Object.entries(values).map(([name, value]) => param(name, value as tf.TensorLike));
}

export function tensors(values: { readonly [name: string]: unknown }): TensorMap {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, tf.tensor(value as tf.TensorLike)]));
}

export function disposeAll(...params: readonly { readonly variable: tf.Variable }[]): void {
  for (const { variable } of params) variable.dispose();
}
