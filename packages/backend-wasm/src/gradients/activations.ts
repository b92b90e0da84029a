import type * as tf from "@tensorflow/tfjs-core";
import { kernel, type WasmGradient } from "../registry/gradients.ts";

/** dy where the saved tensor lies between two bounds; tfjs does it in three to five passes. */
function gate(
  kernelName: string,
  bounds: (attrs: tf.NamedAttrMap) => { low: number; high: number; closedLow: boolean; closedHigh: boolean },
): WasmGradient {
  return {
    kernelName,
    inputsToSave: ["x"],
    gradFunc: (dy, [x], attrs) =>
      x?.dtype === "float32" ? { x: () => kernel("GraftGateGrad", { v: x, dy }, bounds(attrs)) } : undefined,
  };
}

const fromOutput = (kernelName: string, gradient: string): WasmGradient => ({
  kernelName,
  outputsToSave: [true],
  gradFunc: (dy, [y]) => (y?.dtype === "float32" ? { x: () => kernel(gradient, { v: y, dy }) } : undefined),
});

export const activationGradients: readonly WasmGradient[] = [
  gate("Relu", () => ({ low: 0, high: Number.POSITIVE_INFINITY, closedLow: false, closedHigh: true })),
  gate("Relu6", () => ({ low: 0, high: 6, closedLow: false, closedHigh: true })),
  gate("ClipByValue", ({ clipValueMin, clipValueMax }) => ({
    low: clipValueMin as number,
    high: clipValueMax as number,
    closedLow: true,
    closedHigh: true,
  })),
  fromOutput("Tanh", "GraftTanhGrad"),
  fromOutput("Sigmoid", "GraftSigmoidGrad"),
  {
    kernelName: "Softmax",
    outputsToSave: [true],
    gradFunc: (dy, [y], { dim }) =>
      y?.dtype === "float32" && dim === y.rank - 1
        ? { logits: () => kernel("GraftSoftmaxGrad", { v: y, dy }) }
        : undefined,
  },
];
