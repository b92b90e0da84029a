import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import type { Native } from "../native.ts";

/** ClipByValue by TensorFlow's own operation, in one pass instead of two with two new scalars. */
export function clipKernel(native: Native, stock: KernelFunc): Readonly<Record<string, KernelFunc>> {
  return {
    ClipByValue: (args) => {
      const x = args.inputs.x as TensorInfo;
      const { clipValueMin, clipValueMax } = args.attrs as { clipValueMin: number; clipValueMax: number };
      if (x.dtype !== "float32") return stock(args);
      const { attr, id, info, one, scalar } = native;
      return info(one("ClipByValue", attr.float, [id(x), scalar(clipValueMin), scalar(clipValueMax)]));
    },
  };
}
