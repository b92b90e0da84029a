import type { KernelFunc } from "@tensorflow/tfjs-core";
import { adamKernel } from "./adam.ts";
import { sgdKernel } from "./sgd.ts";

/** Kernels that rules and hooks find through tfjs's kernel registry; see docs/fused-kernels.md. */
export const fusedKernels: { readonly [kernelName: string]: KernelFunc } = {
  GraftSgd: sgdKernel,
  GraftAdam: adamKernel,
};
