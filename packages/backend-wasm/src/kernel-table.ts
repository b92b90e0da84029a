import * as tf from "@tensorflow/tfjs-core";
import { einsumKernel } from "./fallback/einsum.ts";
import { fallbackKernels } from "./fallback/index.ts";
import { asKernelFunc } from "./heap/simd-kernel.ts";
import { convBiasActivation } from "./kernels/conv/fused.ts";
import { identityKernel } from "./kernels/copies/identity.ts";
import { fusedKernels, simdKernels } from "./kernels/index.ts";
import { optimizerKernels } from "./kernels/optimizers/index.ts";
import { type SimdLevel, simdLevel } from "./simd/module.ts";
import { fixedKernels } from "./stock-fixes/index.ts";

/** Returns the kernel that is registered under a name now. Our kernels hand over the cases that they leave to it. */
const stockOf = (name: string): tf.KernelFunc | undefined => tf.getKernel(name, "wasm")?.kernelFunc;

/** Returns all the training kernels for an engine with this level of SIMD, by name. */
export function kernelTable(level: SimdLevel): { readonly [name: string]: tf.KernelFunc } {
  const always: { readonly [name: string]: tf.KernelFunc } = {
    ...fixedKernels(stockOf, level === "none" ? fallbackKernels : undefined),
    Einsum: einsumKernel,
    Identity: identityKernel,
  };
  if (level === "none") return always;
  const simd = Object.entries({ ...simdKernels, ...fusedKernels });
  return {
    ...always,
    ...Object.fromEntries(
      simd.map(([name, kernel]) => [name, asKernelFunc(name, kernel, always[name] ?? stockOf(name))]),
    ),
    ...optimizerKernels,
    GraftConv2D: convBiasActivation,
  };
}

/** Returns the names of the kernels that `registerTrainingKernels` would register on this engine. */
export function trainingKernelNames(): readonly string[] {
  return Object.keys(kernelTable(simdLevel()));
}
