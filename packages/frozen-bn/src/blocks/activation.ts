import type { LayerLike } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Activations whose derivative follows from their output. So one tensor is enough for the backward pass. */
export type Activation = "linear" | "relu" | "relu6";

/** Applies an activation. Returns `x` itself for "linear". */
export function activate(x: tf.Tensor, activation: Activation): tf.Tensor {
  if (activation === "linear") return x;
  return activation === "relu" ? tf.relu(x) : tf.relu6(x);
}

/** Computes ∂z from ∂y and the input z, as stock tfjs does: the derivative is 1 if 0 < z, and for relu6 if 0 < z ≤ 6. */
export function gradientAtInput(dy: tf.Tensor, z: tf.Tensor, activation: Activation): tf.Tensor {
  if (activation === "linear") return dy;
  const rising = tf.mul(dy, tf.step(z));
  return activation === "relu" ? rising : tf.mul(rising, tf.cast(tf.lessEqual(z, 6), "float32"));
}

/**
 * Computes ∂z from ∂y and the output y = act(z). For relu6, z = 6 counts as saturated, as in TensorFlow's Relu6Grad: its
 * gradient is 0.
 */
export function gradientAtOutput(dy: tf.Tensor, y: tf.Tensor, activation: Activation): tf.Tensor {
  if (activation === "linear") return dy;
  return tf.mul(dy, tf.step(activation === "relu" ? y : tf.mul(y, tf.sub(6, y))));
}

/** Returns the activation of a layer that only activates. Returns undefined for other layers and other activations. */
export function standaloneActivation(layer: LayerLike): Exclude<Activation, "linear"> | undefined {
  const { maxValue, activation } = layer as { maxValue?: number | null; activation?: { getClassName(): string } };
  const name = layer.getClassName();
  if (name === "ReLU" && maxValue == null) return "relu";
  if (name === "ReLU" && maxValue === 6) return "relu6";
  return name === "Activation" ? nonLinear(activation?.getClassName()) : undefined;
}

/** Returns the activation inside a convolution or dense layer. Returns undefined for other activations. */
export function builtInActivation(layer: LayerLike): Activation | undefined {
  const { activation } = layer as { activation?: { getClassName(): string } | null };
  const name = activation?.getClassName() ?? "linear";
  return name === "linear" ? name : nonLinear(name);
}

function nonLinear(name: string | undefined): Exclude<Activation, "linear"> | undefined {
  return name === "relu" || name === "relu6" ? name : undefined;
}
