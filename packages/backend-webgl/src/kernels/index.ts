import type { Wrapped } from "../register.ts";
import { dilation2dFilterGradient, dilation2dInputGradient } from "./dilation2d-grad.ts";
import { floorDiv } from "./floor-div.ts";

/** Kernels that training needs and that stock WebGL lacks or computes wrongly. */
export const trainingKernels: { readonly [kernelName: string]: Wrapped } = {
  Dilation2DBackpropFilter: dilation2dFilterGradient,
  Dilation2DBackpropInput: dilation2dInputGradient,
  FloorDiv: floorDiv,
};
