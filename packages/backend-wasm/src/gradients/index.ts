import type { WasmGradient } from "../registry/gradients.ts";
import { activationGradients } from "./activations.ts";
import { batchNormGradient } from "./batch-norm.ts";
import { broadcastGradients } from "./broadcast.ts";
import { conv2dGradient } from "./conv2d.ts";
import { einsumGradientConfig } from "./einsum.ts";
import { fusedOpGradients } from "./fused-ops.ts";

/** Gradients that are right where tfjs's are missing or wrong; they need no kernel of ours. */
export const correctGradients: readonly WasmGradient[] = [conv2dGradient, einsumGradientConfig, ...broadcastGradients];

/** Gradients that call our fused kernels. */
export const fusedGradients: readonly WasmGradient[] = [...activationGradients, batchNormGradient, ...fusedOpGradients];
