import type { KernelFunc } from "@tensorflow/tfjs-core";
import { type Heap, heapOf } from "../../heap/heap.ts";
import { fusedAdam } from "./adam.ts";
import { fusedLamb } from "./lamb.ts";
import { fusedLars } from "./lars.ts";
import { fusedGlobalNorm, fusedScaleAll } from "./norms.ts";
import { fusedSgd } from "./sgd.ts";

type Fused = (heap: Heap, attrs: { readonly [name: string]: unknown }) => void;

/** Kernels that write in place. Core's `runFused` calls them; docs/fused-kernels.md is their contract. */
export const optimizerKernels: { readonly [kernelName: string]: KernelFunc } = {
  GraftAdam: inPlace(fusedAdam),
  GraftGlobalNorm: inPlace(fusedGlobalNorm),
  GraftLamb: inPlace(fusedLamb),
  GraftLars: inPlace(fusedLars),
  GraftScaleAll: inPlace(fusedScaleAll),
  GraftSgd: inPlace(fusedSgd),
};

function inPlace(fused: Fused): KernelFunc {
  return ({ attrs, backend }) => {
    const heap = heapOf(backend);
    heap.guarded(() => fused(heap, (attrs ?? {}) as { readonly [name: string]: unknown }));
    return [];
  };
}
