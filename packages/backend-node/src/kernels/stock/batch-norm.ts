import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import { type NormInputs, normalize } from "../batch-norm/normalize.ts";
import type { Native } from "../native.ts";

/** Makes FusedBatchNorm without the scope that tfjs-node opens. Other ranks, dtypes and empty tensors use the stock kernel. */
export function stockBatchNorm(native: Native, stock: KernelFunc): KernelFunc {
  return (args) => {
    const { x, mean } = args.inputs as unknown as Record<"x" | "mean", TensorInfo>;
    if (x.shape.length !== 4 || mean.shape.length !== 1 || x.dtype !== "float32" || x.shape.includes(0))
      return stock(args);
    const { varianceEpsilon } = args.attrs as { varianceEpsilon: number };
    return native.info(normalize(native, args.inputs as unknown as NormInputs, varianceEpsilon));
  };
}
