import { getKernel, type KernelFunc } from "@tensorflow/tfjs-core";
import { dilation2dFilterGradient, dilation2dInputGradient } from "./dilation2d-grad.ts";
import { floorDiv } from "./floor-div.ts";

/** Returns kernels that training needs and that stock WebGL lacks or computes wrongly. */
export function trainingKernels(): { readonly [kernelName: string]: KernelFunc } {
  return {
    Dilation2DBackpropFilter: dilation2dFilterGradient,
    Dilation2DBackpropInput: dilation2dInputGradient,
    FloorDiv: floorDiv(getKernel("FloorDiv", "webgl")?.kernelFunc),
  };
}
