import { isFirstOrder, type WasmGradient } from "../tfjs-registry/gradients.ts";
import { activationGradients, gateGradients } from "./activations.ts";
import { batchNormGradient } from "./batch-norm.ts";
import { broadcastGradients } from "./broadcast.ts";
import { convolutionGradients } from "./convolutions.ts";
import { einsumGradientConfig } from "./einsum.ts";
import { fusedOpGradients } from "./fused-ops.ts";

/** Gradients that are right where tfjs's are missing or wrong; they need no kernel of ours. */
export const correctGradients: readonly WasmGradient[] = [
  ...convolutionGradients,
  einsumGradientConfig,
  ...broadcastGradients,
];

/** Where the gradient is itself differentiated tfjs's own, composed one: our kernels have no gradients. */
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
