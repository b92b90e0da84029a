import { type KernelFunc, type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { Native } from "../native.ts";

/**
 * Makes kernels for Reshape and Cast that share the input's data if neither shape nor dtype changes, without calling TensorFlow.
 * tfjs's gradients do such reshapes and casts several times per operation.
 */
export function noOpKernels(
  native: Native,
  stock: { readonly Reshape: KernelFunc; readonly Cast: KernelFunc },
): Readonly<Record<string, KernelFunc>> {
  const shared = (x: TensorInfo): TensorInfo => {
    native.backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  };
  return {
    Reshape: (args) => {
      const x = args.inputs.x as TensorInfo;
      return util.arraysEqual(x.shape, args.attrs?.shape as number[]) && x.dtype !== "string"
        ? shared(x)
        : stock.Reshape(args);
    },
    Cast: (args) => {
      const x = args.inputs.x as TensorInfo;
      return x.dtype === args.attrs?.dtype && x.dtype !== "string" ? shared(x) : stock.Cast(args);
    },
  };
}
