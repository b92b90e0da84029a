import { isFirstOrder, type WasmGradient } from "../tfjs-registry/gradients.ts";
import { activationGradients, gateGradients } from "./activations.ts";
import { batchNormGradient } from "./batch-norm.ts";
import { broadcastGradients } from "./broadcast.ts";
import { convolutionGradients } from "./convolutions.ts";
import { einsumGradientConfig } from "./einsum.ts";
import { fusedOpGradients } from "./fused-ops.ts";

/** Gradients for ops whose tfjs gradient is missing or wrong. They need none of our kernels. */
export const correctGradients: readonly WasmGradient[] = [
  ...convolutionGradients,
  einsumGradientConfig,
  ...broadcastGradients,
];

/** Leaves a gradient to tfjs's composed one if it will itself be differentiated, because our kernels have no gradients. */
const inFirstOrder = (gradient: WasmGradient): WasmGradient => ({
  ...gradient,
  gradFunc: (...args) => (isFirstOrder() ? gradient.gradFunc(...args) : undefined),
});

/** Gradients that call our fused kernels. */
export const fusedGradients: readonly WasmGradient[] = [
  ...gateGradients,
  ...[...activationGradients, batchNormGradient].map(inFirstOrder),
  ...fusedOpGradients,
];
