import * as tf from "@tensorflow/tfjs-core";

type Guard = (stock: tf.KernelFunc) => tf.KernelFunc;
interface Inputs {
  readonly x: tf.Tensor4D;
  readonly filter: tf.Tensor4D;
  readonly bias?: tf.Tensor;
  readonly preluActivationWeights?: tf.Tensor;
}

/**
 * Depthwise convolution by one pixel, unpadded, behind all others: XNNPACK takes it for a product with a clamp, and its
 * clamp makes NaN −∞. tfjs's product keeps NaN.
 */
export function onePixelFilter(guard: Guard): Guard {
  return (stock) => {
    const own = guard(stock);
    return (params) => {
      const { x, filter, bias, preluActivationWeights } = params.inputs as unknown as Inputs;
      const { pad, strides, activation, leakyreluAlpha } = params.attrs ?? {};
      const [height, width, channels, multiplier] = filter.shape;
      const [down, across] = typeof strides === "number" ? [strides, strides] : (strides as [number, number]);
      // With a padding given as a number tfjs takes the vertical stride for both directions.
      const unpadded = pad === "same" || pad === "valid" || (pad === 0 && down === across);
      if (height !== 1 || width !== 1 || !unpadded) return own(params);
      return tf.tidy(() => {
        const seen = down === 1 && across === 1 ? x : tf.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, down, across, 1]);
        const [batch, rows, columns] = seen.shape as [number, number, number];
        const product = tf.mul(tf.expandDims(seen, 4), tf.reshape(filter, [channels, multiplier]));
        const y = tf.reshape(product, [batch, rows, columns, channels * multiplier]);
        return tf.backend_util.applyActivation(
          bias ? tf.add(y, bias) : y,
          (activation ?? "linear") as Parameters<typeof tf.backend_util.applyActivation>[1],
          preluActivationWeights,
          leakyreluAlpha as number | undefined,
        );
      });
    };
  };
}
