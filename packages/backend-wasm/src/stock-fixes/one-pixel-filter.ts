import * as tf from "@tensorflow/tfjs-core";

type Fix = (stock: tf.KernelFunc) => tf.KernelFunc;
interface Inputs {
  readonly x: tf.Tensor4D;
  readonly filter: tf.Tensor4D;
  readonly bias?: tf.Tensor;
  readonly preluActivationWeights?: tf.Tensor;
}

/**
 * Computes unpadded depthwise convolutions with a filter of one pixel as a product; other cases go to `fix`. XNNPACK computes
 * them as a product with a clamp, and its clamp turns NaN into −∞. tfjs's product keeps NaN.
 */
export function onePixelFilter(fix: Fix): Fix {
  return (stock) => {
    const larger = fix(stock);
    return (params) => {
      const { x, filter, bias, preluActivationWeights } = params.inputs as unknown as Inputs;
      const { pad, strides, activation, leakyreluAlpha } = params.attrs ?? {};
      const [height, width, channels, multiplier] = filter.shape;
      const [down, across] = typeof strides === "number" ? [strides, strides] : (strides as [number, number]);
      // If the padding is a number, tfjs uses the vertical stride in both directions.
      const unpadded = pad === "same" || pad === "valid" || (pad === 0 && down === across);
      if (height !== 1 || width !== 1 || !unpadded) return larger(params);
      return tf.tidy(() => {
        const read = down === 1 && across === 1 ? x : tf.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, down, across, 1]);
        const [batch, rows, columns] = read.shape as [number, number, number];
        const product = tf.mul(tf.expandDims(read, 4), tf.reshape(filter, [channels, multiplier]));
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
