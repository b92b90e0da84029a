import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { Native } from "../native.ts";

type Stock = Readonly<Record<"ArgMax" | "ArgMin" | "Exp" | "Round", KernelFunc>>;

/**
 * Makes kernels in place of those of tfjs-node that do not work or do not exist. ArgMax, ArgMin, Exp and Prelu call chained methods such as
 * `x.toFloat()`, which tfjs-core does not have by itself. `Round` of int32 returns 0 on TensorFlow 2.17 and later
 * (tensorflow/tensorflow#74789).
 */
export function fixedKernels(native: Native, stock: Stock): Readonly<Record<string, KernelFunc>> {
  /** Runs the stock kernel on a copy that is cast to `dtype`, if `needed` says so. */
  const onCast =
    (kernel: KernelFunc, dtype: "float32" | "int32", needed: (x: TensorInfo) => boolean): KernelFunc =>
    (args) => {
      const x = args.inputs.x as tf.Tensor;
      if (!needed(x)) return kernel(args);
      return tf.tidy(() => kernel({ ...args, inputs: { x: tf.cast(x, dtype) } }) as tf.Tensor);
    };
  return {
    ArgMax: onCast(stock.ArgMax, "int32", ({ dtype }) => dtype === "bool"),
    ArgMin: onCast(stock.ArgMin, "int32", ({ dtype }) => dtype === "bool"),
    DenseBincount: denseBincount,
    Exp: onCast(stock.Exp, "float32", ({ dtype }) => dtype === "int32"),
    Prelu: ({ inputs }) => {
      const { x, alpha } = inputs as { x: tf.Tensor; alpha: tf.Tensor };
      return tf.tidy(() => tf.add(tf.relu(x), tf.mul(alpha, tf.minimum(x, 0))));
    },
    Round: (args) => {
      const x = args.inputs.x as TensorInfo;
      if (x.dtype !== "int32") return stock.Round(args);
      native.backend.incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    },
  };
}

/** Counts how often each number from 0 to size − 1 occurs in a vector, or in each row of a matrix. CategoryEncoding needs it. */
const denseBincount: KernelFunc = ({ inputs, attrs }) => {
  const { x, weights } = inputs as { x: tf.Tensor; weights: tf.Tensor };
  const { size, binaryOutput } = attrs as unknown as { readonly size: number; readonly binaryOutput: boolean };
  return tf.tidy(() => {
    // Numbers outside of the range have no one.
    const ones = tf.cast(tf.oneHot(tf.cast(x, "int32"), size), "float32");
    const counted = weights.size > 0 && !binaryOutput ? tf.mul(ones, tf.expandDims(weights, -1)) : ones;
    const counts = tf.sum(counted, -2);
    return tf.cast(binaryOutput ? tf.greater(counts, 0) : counts, weights.dtype);
  });
};
