import type { Wrapped } from "../register.ts";
import { dilation2dFilterGradient, dilation2dInputGradient } from "./dilation2d-grad.ts";
import { floorDiv } from "./floor-div.ts";

/** Kernels that training needs and stock WebGL lacks or gets wrong. */
export const trainingKernels: { readonly [kernelName: string]: Wrapped } = {
  Dilation2DBackpropFilter: dilation2dFilterGradient,
  Dilation2DBackpropInput: dilation2dInputGradient,
  FloorDiv: floorDiv,
};
