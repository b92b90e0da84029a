import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import { util } from "@tensorflow/tfjs-core";
import type { Native } from "../native.ts";

/**
 * Reshape and Cast where nothing changes: the same data once more, without asking TensorFlow. tfjs's gradients
 * reshape to the shape a tensor has, and cast float32 to float32, several times an operation.
 */
export function noOpKernels(
  native: Native,
  stock: { readonly Reshape: KernelFunc; readonly Cast: KernelFunc },
): Readonly<Record<string, KernelFunc>> {
  const again = (x: TensorInfo): TensorInfo => {
    native.backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  };
  return {
    Reshape: (args) => {
      const x = args.inputs.x as TensorInfo;
      return util.arraysEqual(x.shape, args.attrs?.shape as number[]) && x.dtype !== "string"
        ? again(x)
        : stock.Reshape(args);
    },
    Cast: (args) => {
      const x = args.inputs.x as TensorInfo;
      return x.dtype === args.attrs?.dtype && x.dtype !== "string" ? again(x) : stock.Cast(args);
    },
  };
}
