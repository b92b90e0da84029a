import { inPlaceKernels, tensorKernels } from "@graftjs/backend";
import type { FusedKernels } from "@graftjs/core";
import { getKernel, type KernelConfig, type KernelFunc } from "@tensorflow/tfjs-core";
import type { StockInternals } from "../device/internals.ts";
import { addN } from "./add-n.ts";
import { activationGradKernel } from "./batch-norm/activation-gradient.ts";
import { batchNormKernel } from "./batch-norm/forward.ts";
import { batchNormGradKernel } from "./batch-norm/gradients.ts";
import { liveInternals } from "./dispatch/buffers.ts";
import { adamKernel } from "./optimizers/adam.ts";
import { globalNormKernel } from "./optimizers/global-norm.ts";
import { lambKernel } from "./optimizers/lamb.ts";
import { larsKernel } from "./optimizers/lars.ts";
import { scaleAllKernel } from "./optimizers/scale-all.ts";
import { sgdKernel } from "./optimizers/sgd.ts";

/** Fused kernels that rules and hooks find in tfjs's kernel registry. See docs/fused-kernels.md. */
const fusedKernels: { readonly [kernelName: string]: KernelFunc } = {
  ...inPlaceKernels<StockInternals, keyof FusedKernels>(
    {
      GraftAdam: adamKernel,
      GraftGlobalNorm: globalNormKernel,
      GraftLamb: lambKernel,
      GraftLars: larsKernel,
      GraftScaleAll: scaleAllKernel,
      GraftSgd: sgdKernel,
    },
    liveInternals,
  ),
  ...tensorKernels(
    {
      GraftActivationGrad: activationGradKernel,
      GraftBatchNorm: batchNormKernel,
      GraftBatchNormGrad: batchNormGradKernel,
    },
    liveInternals,
  ),
};

/** Returns all kernels that a session registers, in addition to stock kernels or in place of them. */
export function kernels(): { readonly [kernelName: string]: KernelFunc } {
  return { ...fusedKernels, AddN: addN((getKernel("AddN", "webgpu") as KernelConfig).kernelFunc) };
}
