import * as tf from "@tensorflow/tfjs-core";
import type { Wrapped } from "../register.ts";

/** Floor division of floats. Stock WebGL first rounds both operands to integers. For integers the stock kernel is used. */
export const floorDiv: Wrapped = (stock) => (args) => {
  const a = args.inputs.a as tf.Tensor;
  const b = args.inputs.b as tf.Tensor;
  if (stock && a.dtype === "int32" && b.dtype === "int32") return stock.kernelFunc(args);
  return tf.tidy(() => tf.floor(tf.div(a, b)));
};
