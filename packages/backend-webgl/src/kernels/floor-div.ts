import * as tf from "@tensorflow/tfjs-core";

/**
 * Makes a kernel for floor division of floats. Stock WebGL first rounds both operands to integers. For integers the stock kernel
 * is used.
 */
export function floorDiv(stock: tf.KernelFunc | undefined): tf.KernelFunc {
  return (args) => {
    const a = args.inputs.a as tf.Tensor;
    const b = args.inputs.b as tf.Tensor;
    if (stock && a.dtype === "int32" && b.dtype === "int32") return stock(args);
    return tf.tidy(() => tf.floor(tf.div(a, b)));
  };
}
