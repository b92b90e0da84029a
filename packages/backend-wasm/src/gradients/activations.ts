import * as tf from "@tensorflow/tfjs-core";
import { isFirstOrder, runKernel, type WasmGradient } from "../tfjs-registry/gradients.ts";

interface Bounds {
  readonly low: number;
  readonly high: number;
  readonly closedLow: boolean;
  readonly closedHigh: boolean;
  /** Whether dy is multiplied by 1 or 0, so that a NaN stays NaN, instead of being selected. It is the same as in tfjs. */
  readonly product: boolean;
}

/** Makes a gradient that is dy if the saved tensor lies between two bounds, else 0. tfjs needs three to five passes. */
function gate(kernelName: string, bounds: (attrs: tf.NamedAttrMap) => Bounds): WasmGradient {
  return {
    kernelName,
    inputsToSave: ["x"],
    gradFunc: (dy, [x], attrs) => (x?.dtype === "float32" ? { x: () => gated(x, dy, bounds(attrs)) } : undefined),
  };
}

/**
 * Computes the gradient by one kernel. If it will itself be differentiated, it is a product with a mask, which is constant
 * almost everywhere.
 */
function gated(x: tf.Tensor, dy: tf.Tensor, bounds: Bounds): tf.Tensor {
  if (isFirstOrder()) return runKernel("GraftGateGrad", { v: x, dy }, { ...bounds });
  const mask = tf.customGrad((v) => ({
    value: runKernel("GraftGateGrad", { v: v as tf.Tensor, dy: tf.onesLike(v as tf.Tensor) }, { ...bounds }),
    gradFunc: (d: tf.Tensor): tf.Tensor => tf.zerosLike(d),
  }));
  return tf.mul(dy, mask(x));
}

/** Makes a gradient that one kernel computes from the op's output. */
const fromOutput = (kernelName: string, gradient: string): WasmGradient => ({
  kernelName,
  outputsToSave: [true],
  gradFunc: (dy, [y]) => (y?.dtype === "float32" ? { x: () => runKernel(gradient, { v: y, dy }) } : undefined),
});

/** Gradients of relu, relu6 and clipByValue. */
export const gateGradients: readonly WasmGradient[] = [
  gate("Relu", () => ({ low: 0, high: Number.POSITIVE_INFINITY, closedLow: false, closedHigh: true, product: true })),
  gate("Relu6", () => ({ low: 0, high: 6, closedLow: false, closedHigh: true, product: true })),
  gate("ClipByValue", ({ clipValueMin, clipValueMax }) => ({
    low: clipValueMin as number,
    high: clipValueMax as number,
    closedLow: true,
    closedHigh: true,
    product: false,
  })),
];

/** Gradients of tanh, sigmoid and softmax. */
export const activationGradients: readonly WasmGradient[] = [
  fromOutput("Tanh", "GraftTanhGrad"),
  fromOutput("Sigmoid", "GraftSigmoidGrad"),
  {
    kernelName: "Softmax",
    outputsToSave: [true],
    gradFunc: (dy, [y], { dim }) =>
      y?.dtype === "float32" && dim === y.rank - 1
        ? { logits: () => runKernel("GraftSoftmaxGrad", { v: y, dy }) }
        : undefined,
  },
];
