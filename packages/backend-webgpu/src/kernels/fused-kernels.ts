import type { KernelFunc } from "@tensorflow/tfjs-core";
import { adamKernel } from "./optimizers/adam.ts";
import { activationGradKernel, batchNormGradKernel, batchNormKernel } from "./batch-norm/batch-norm.ts";
import { globalNormKernel } from "./optimizers/global-norm.ts";
import { lambKernel } from "./optimizers/lamb.ts";
import { larsKernel } from "./optimizers/lars.ts";
import { scaleAllKernel } from "./optimizers/scale-all.ts";
import { sgdKernel } from "./optimizers/sgd.ts";

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
