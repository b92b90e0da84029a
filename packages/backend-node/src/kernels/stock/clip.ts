import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import type { Native } from "../native.ts";

/** Makes ClipByValue from TensorFlow's own operation. Stock needs two passes and two new scalars. */
export function clipKernel(native: Native, stock: KernelFunc): Readonly<Record<string, KernelFunc>> {
  return {
    ClipByValue: (args) => {
      const x = args.inputs.x as TensorInfo;
      const { clipValueMin, clipValueMax } = args.attrs as { clipValueMin: number; clipValueMax: number };
      if (x.dtype !== "float32") return stock(args);
      const { attr, id, info, execute, scalar } = native;
      return info(execute("ClipByValue", attr.float, [id(x), scalar(clipValueMin), scalar(clipValueMax)]));
    },
  };
}
