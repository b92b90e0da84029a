import type { LayerLike } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** The activations whose derivative can be read off their output, so that one tensor serves the backward pass. */
export type Activation = "linear" | "relu" | "relu6";

export function activate(x: tf.Tensor, activation: Activation): tf.Tensor {
  if (activation === "linear") return x;
  return activation === "relu" ? tf.relu(x) : tf.relu6(x);
}

/** ∂z from ∂y, given z: 1 on 0 < z (relu) or 0 < z ≤ 6 (relu6), as stock tfjs has it. */
export function gradientAtInput(dy: tf.Tensor, z: tf.Tensor, activation: Activation): tf.Tensor {
  if (activation === "linear") return dy;
  const rising = tf.mul(dy, tf.step(z));
  return activation === "relu" ? rising : tf.mul(rising, tf.cast(tf.lessEqual(z, 6), "float32"));
}

/** ∂z from ∂y, given y = act(z). For relu6 a z of exactly 6 counts as saturated, as in TensorFlow's Relu6Grad. */
export function gradientAtOutput(dy: tf.Tensor, y: tf.Tensor, activation: Activation): tf.Tensor {
  if (activation === "linear") return dy;
  return tf.mul(dy, tf.step(activation === "relu" ? y : tf.mul(y, tf.sub(6, y))));
}

/** What a layer that only activates computes; undefined for every other layer, and for activations of another kind. */
export function standaloneActivation(layer: LayerLike): Exclude<Activation, "linear"> | undefined {
  const { maxValue, activation } = layer as { maxValue?: number | null; activation?: { getClassName(): string } };
  const name = layer.getClassName();
  if (name === "ReLU" && maxValue == null) return "relu";
  if (name === "ReLU" && maxValue === 6) return "relu6";
  return name === "Activation" ? nonLinear(activation?.getClassName()) : undefined;
}

/** The activation inside a convolution or dense layer; undefined where it is of another kind. */
export function builtInActivation(layer: LayerLike): Activation | undefined {
  const { activation } = layer as { activation?: { getClassName(): string } | null };
  const name = activation?.getClassName() ?? "linear";
  return name === "linear" ? name : nonLinear(name);
}

function nonLinear(name: string | undefined): Exclude<Activation, "linear"> | undefined {
  return name === "relu" || name === "relu6" ? name : undefined;
}
