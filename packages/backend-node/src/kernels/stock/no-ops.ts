import { type KernelFunc, type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { NativeTensor } from "../../load/native-backend-types.ts";
import type { Native, RunGraft } from "../native.ts";

/**
 * Makes kernels for Reshape and Cast that share the input's data if neither shape nor dtype changes, without calling TensorFlow.
 * tfjs's gradients do such reshapes and casts several times per operation. Other reshapes of float32 tensors are one call of our binding.
 *
 * @param runGraft undefined if the binding does not have the kernel for reshapes.
 */
export function noOpKernels(
  native: Native,
  stock: { readonly Reshape: KernelFunc; readonly Cast: KernelFunc },
  runGraft?: RunGraft,
): Readonly<Record<string, KernelFunc>> {
  const shared = (x: TensorInfo): TensorInfo => {
    native.backend.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  };
  return {
    Reshape: (args) => {
      const x = args.inputs.x as TensorInfo;
      const given = args.attrs?.shape as number[];
      if (util.arraysEqual(x.shape, given) && x.dtype !== "string") return shared(x);
      if (x.dtype !== "float32" || !runGraft) return stock.Reshape(args);
      const shape = util.inferFromImplicitShape(given, util.sizeFromShape(x.shape));
      const [view] = runGraft("reshape", [native.id(x)], [shape.length, ...shape], [shape]);
      return native.info(view as NativeTensor);
    },
    Cast: (args) => {
      const x = args.inputs.x as TensorInfo;
      return x.dtype === args.attrs?.dtype && x.dtype !== "string" ? shared(x) : stock.Cast(args);
    },
  };
}
