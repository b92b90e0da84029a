import type { FusedKernels } from "@graftjs/core";
import type { KernelFunc } from "@tensorflow/tfjs-core";
import { type Heap, heapOf } from "../../heap/heap.ts";
import { fusedAdam } from "./adam.ts";
import { fusedLamb } from "./lamb.ts";
import { fusedLars } from "./lars.ts";
import { fusedGlobalNorm, fusedScaleAll } from "./norms.ts";
import { fusedSgd } from "./sgd.ts";

/** Core's `Kernels<FusedKernels>`, with the heap as a first argument. */
type HeapKernels = { readonly [N in keyof FusedKernels]: (heap: Heap, attrs: FusedKernels[N]) => void };

const KERNELS: HeapKernels = {
  GraftAdam: fusedAdam,
  GraftGlobalNorm: fusedGlobalNorm,
  GraftLamb: fusedLamb,
  GraftLars: fusedLars,
  GraftScaleAll: fusedScaleAll,
  GraftSgd: fusedSgd,
};

/** Kernels that write in place. Core's `runFused` calls them; docs/fused-kernels.md is their contract. */
export const optimizerKernels: { readonly [kernelName: string]: KernelFunc } = Object.fromEntries(
  Object.entries(KERNELS).map(([name, fused]) => [name, inPlace(fused as (heap: Heap, attrs: object) => void)]),
);

/** Wraps a kernel that writes in place as tfjs's kernel type. */
function inPlace(fused: (heap: Heap, attrs: object) => void): KernelFunc {
  return ({ attrs, backend }) => {
    const heap = heapOf(backend);
    heap.guarded(() => fused(heap, attrs ?? {}));
    return [];
  };
}
