import type { KernelFunc } from "@tensorflow/tfjs-core";
import { fusedKernels } from "./fused-kernels.ts";
import type { Wrapped } from "../register.ts";
import { addN } from "./add-n.ts";

/** Everything that is registered beside the stock kernels, or in their place. */
export const kernels: { readonly [kernelName: string]: Wrapped } = {
  AddN: addN,
  ...Object.fromEntries(Object.entries(fusedKernels).map(([name, kernel]) => [name, (): KernelFunc => kernel])),
};
