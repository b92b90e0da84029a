import * as tf from "@tensorflow/tfjs-core";
import { einsum, einsumGradient, parseEquation } from "../fallback/einsum.ts";
import type { WasmGradient } from "../tfjs-registry/gradients.ts";

/** Kernel of einsum, which stock wasm lacks. */
export const einsumKernel: tf.KernelFunc = ({ inputs, attrs }) => {
  const tensors = Object.values(inputs) as tf.Tensor[];
  return tf.tidy(() => einsum(parseEquation(attrs?.equation as string), tensors));
};

/** Gradient of einsum, which tfjs has on no backend: attention layers written with it do not train there. */
export const einsumGradientConfig: WasmGradient = {
  kernelName: "Einsum",
  saveAllInputs: true,
  gradFunc: (dy, saved, attrs) => {
    const equation = parseEquation(attrs.equation as string);
    return Object.fromEntries(
      saved.map((_, which) => [String(which), () => einsumGradient(equation, saved, which, dy)]),
    );
  },
};
