import type { Tensor } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { reshapeAttrs } from "../kernels/batch-norm/batch-norm.ts";
import type { Native } from "../kernels/native.ts";
import type { FastGradient } from "../kernels/registration.ts";

/** Gradients of Sum and Mean: dy spread over the input by one BroadcastTo, where tfjs multiplies by a tensor of ones. */
export function reductionGradients(native: Native): Readonly<Record<string, FastGradient>> {
  const { attr, free, id, info, ints, one, scalar } = native;
  const spread = (dy: Tensor, x: Tensor, axis: number | number[] | undefined, divide: boolean): Tensor => {
    const axes = tf.util.parseAxisParam(axis ?? x.shape.map((_, i) => i), x.shape);
    const kept = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
    const count = tf.util.sizeFromShape(x.shape) / tf.util.sizeFromShape(kept);
    const scaled = divide && count !== 1 ? one("RealDiv", attr.float, [id(dy), scalar(count)]) : undefined;
    const reshaped = one("Reshape", reshapeAttrs(native), [scaled?.id ?? id(dy), ints(kept)]);
    const result = one(
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
