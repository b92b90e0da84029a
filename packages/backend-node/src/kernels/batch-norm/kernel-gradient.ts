import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import type { Native, RunGraft } from "../native.ts";

interface Inputs {
  readonly kernel: TensorInfo;
  readonly gradient: TensorInfo;
  readonly sum?: TensorInfo;
  readonly mean: TensorInfo;
  readonly variance: TensorInfo;
  readonly scale?: TensorInfo;
  readonly bias?: TensorInfo;
}

/**
 * Makes `GraftNormedKernelGrad`: for a layer that a batch norm follows, the scaled kernel, the scaled gradient and the gradients of
 * scale and bias, in one pass over the kernel. See docs/fused-kernels.md.
 */
export function normedKernelGrad({ id, info }: Native, runGraft: RunGraft): KernelFunc {
  return ({ inputs, attrs }) => {
    const { kernel, gradient, sum, mean, variance, scale, bias } = inputs as unknown as Inputs;
    const { varianceEpsilon, wantScale, wantBias } = attrs as unknown as {
      varianceEpsilon: number;
      wantScale: boolean;
      wantBias: boolean;
    };
    const ids = [kernel, gradient, sum, mean, variance, scale, bias].map((tensor) => (tensor ? id(tensor) : -1));
    const shapes = [kernel.shape, kernel.shape, ...(wantScale ? [mean.shape] : []), ...(wantBias ? [mean.shape] : [])];
    const numbers = [varianceEpsilon, Number(wantScale), Number(wantBias)];
    return runGraft("normedKernelGrad", ids, numbers, shapes).map((result) => info(result));
  };
}
