import type { TensorKernel } from "@graftjs/backend";
import type { GraftNative } from "../native.ts";

/**
 * Runs `GraftNormedKernelGrad`: for a layer that a batch norm follows, the scaled kernel, the scaled gradient and the gradients of
 * scale and bias, in one pass over the kernel. See docs/fused-kernels.md.
 */
export const normedKernelGrad: TensorKernel<"GraftNormedKernelGrad", GraftNative> = (
  { id, info, runGraft },
  { kernel, gradient, sum, mean, variance, scale, bias },
  { varianceEpsilon, wantScale, wantBias },
) => {
  const ids = [kernel, gradient, sum, mean, variance, scale, bias].map((tensor) => (tensor ? id(tensor) : -1));
  const shapes = [kernel.shape, kernel.shape, ...(wantScale ? [mean.shape] : []), ...(wantBias ? [mean.shape] : [])];
  const numbers = [varianceEpsilon, Number(wantScale), Number(wantBias)];
  return runGraft("normedKernelGrad", ids, numbers, shapes).map((result) => info(result));
};
