import type { KernelFunc } from "@tensorflow/tfjs-core";
import { adamKernel } from "./adam.ts";
import { activationGradKernel, batchNormGradKernel, batchNormKernel } from "./batch-norm.ts";
import { globalNormKernel } from "./global-norm.ts";
import { lambKernel } from "./lamb.ts";
import { larsKernel } from "./lars.ts";
import { scaleAllKernel } from "./scale-all.ts";
import { sgdKernel } from "./sgd.ts";

/** Kernels that rules and hooks find through tfjs's kernel registry; see docs/fused-kernels.md. */
export const fusedKernels: { readonly [kernelName: string]: KernelFunc } = {
  GraftActivationGrad: activationGradKernel,
  GraftAdam: adamKernel,
  GraftBatchNorm: batchNormKernel,
  GraftBatchNormGrad: batchNormGradKernel,
  GraftGlobalNorm: globalNormKernel,
  GraftLamb: lambKernel,
  GraftLars: larsKernel,
  GraftScaleAll: scaleAllKernel,
  GraftSgd: sgdKernel,
};
