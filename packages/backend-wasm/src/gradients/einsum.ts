import { einsumGradient, parseEquation } from "../fallback/einsum.ts";
import type { WasmGradient } from "../tfjs-registry/gradients.ts";

/** Gradient of einsum. tfjs has none on any backend, so attention layers that use einsum do not train there. */
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
