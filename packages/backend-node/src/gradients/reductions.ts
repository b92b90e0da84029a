import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { reshapeAttrs } from "../kernels/batch-norm/operations.ts";
import type { Native } from "../kernels/native.ts";
import type { FastGradient } from "./replace-gradients.ts";

/** Makes gradients of Sum and Mean that repeat dy by one BroadcastTo. tfjs multiplies dy by a tensor of ones. */
export function reductionGradients(native: Native): Readonly<Record<string, FastGradient>> {
  const { attr, free, id, info, ints, execute, scalar } = native;
  const spread = (dy: Tensor, x: Tensor, axis: number | number[] | undefined, divide: boolean): Tensor => {
    const axes = tf.util.parseAxisParam(axis ?? x.shape.map((_, i) => i), x.shape);
    const reducedShape = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
    const count = tf.util.sizeFromShape(x.shape) / tf.util.sizeFromShape(reducedShape);
    const scaled = divide && count !== 1 ? execute("RealDiv", attr.float, [id(dy), scalar(count)]) : undefined;
    const reshaped = execute("Reshape", reshapeAttrs(native), [scaled?.id ?? id(dy), ints(reducedShape)]);
    const result = execute(
      "BroadcastTo",
      [...attr.float, attr.type("Tidx", native.backend.binding.TF_INT32)],
      [reshaped.id, ints(x.shape)],
    );
    free(scaled, reshaped);
    return tf.engine().makeTensorFromTensorInfo(info(result));
  };
  const gradient = (divide: boolean): FastGradient => ({
    gradient: (dy, [x], attrs) => {
      if (x?.dtype !== "float32" || dy.dtype !== "float32" || x.size === 0) return undefined;
      return { x: () => spread(dy, x, attrs.axis as number | number[], divide) };
    },
  });
  return { Sum: gradient(false), Mean: gradient(true) };
}
