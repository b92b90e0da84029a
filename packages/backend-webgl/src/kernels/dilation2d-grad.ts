import * as tf from "@tensorflow/tfjs-core";

interface Attrs {
  readonly strides: [number, number] | number;
  readonly pad: "same" | "valid" | number;
  readonly dilations: [number, number] | number;
}

/** Smaller than any sum of input and filter. */
const NEVER = -3e38;

/**
 * Computes a gradient of `tf.dilation2d`, which stock WebGL lacks, as TensorFlow's `Dilation2DBackpropInput` and
 * `Dilation2DBackpropFilter` do. The gradient of each output goes to the filter tap that gave the maximum and to the input pixel
 * under it. If several taps gave the maximum, it goes to the first one.
 *
 * `x` is [batch, height, width, channels], `filter` [height, width, channels], and `dy` has the shape of the output. The result
 * has the shape of the input that `wanted` names.
 *
 * It is composed of stock kernels: gather the inputs of all taps, find the tap of the maximum, route dy to it, and sum by
 * segments.
 */
function gradient(args: Parameters<tf.KernelFunc>[0], wanted: "input" | "filter"): tf.Tensor {
  const { x, filter, dy } = args.inputs as unknown as {
    readonly x: tf.Tensor4D;
    readonly filter: tf.Tensor3D;
    readonly dy: tf.Tensor4D;
  };
  const { strides, pad, dilations } = args.attrs as unknown as Attrs;
  const g = tf.backend_util.computeDilation2DInfo(x.shape, filter.shape, strides, pad, "NHWC", dilations);
  const [batch, height, width, channels] = x.shape;
  const taps = g.filterHeight * g.filterWidth;
  const outputs = g.outHeight * g.outWidth;
  return tf.tidy(() => {
    const pixels = tf.tensor1d(pixelOfTap(g, height, width), "int32");
    const padded = tf.concat(
      [tf.reshape(x, [batch, height * width, channels]), tf.fill([batch, 1, channels], NEVER)],
      1,
    );
    const under = tf.reshape(tf.gather(padded, pixels, 1), [batch, taps, outputs, channels]);
    const winner = tf.argMax(tf.add(under, tf.reshape(filter, [1, taps, 1, channels])), 1);
    const won = tf.equal(tf.expandDims(winner, 1), tf.reshape(tf.range(0, taps, 1, "int32"), [1, taps, 1, 1]));
    const routed = tf.mul(tf.cast(won, "float32"), tf.reshape(dy, [batch, 1, outputs, channels]));
    if (wanted === "filter") return tf.reshape(tf.sum(routed, [0, 2]), filter.shape);
    const rows = tf.reshape(tf.transpose(routed, [1, 2, 0, 3]), [taps * outputs, batch * channels]);
    const sums = tf.unsortedSegmentSum(rows, pixels, height * width + 1);
    const inside = tf.reshape(tf.slice(sums, 0, height * width), [height * width, batch, channels]);
    return tf.reshape(tf.transpose(inside, [1, 0, 2]), x.shape);
  });
}

/** Returns for each tap and output the index of the input pixel that it reads, or height × width if it is outside the input. */
function pixelOfTap(g: tf.backend_util.Conv2DInfo, height: number, width: number): Int32Array {
  const outputs = g.outHeight * g.outWidth;
  const pixels = new Int32Array(g.filterHeight * g.filterWidth * outputs).fill(height * width);
  for (let tap = 0; tap < g.filterHeight * g.filterWidth; tap++) {
    const down = Math.floor(tap / g.filterWidth) * g.dilationHeight - g.padInfo.top;
    const right = (tap % g.filterWidth) * g.dilationWidth - g.padInfo.left;
    for (let out = 0; out < outputs; out++) {
      const row = Math.floor(out / g.outWidth) * g.strideHeight + down;
      const column = (out % g.outWidth) * g.strideWidth + right;
      if (row >= 0 && row < height && column >= 0 && column < width) {
        pixels[tap * outputs + out] = row * width + column;
      }
    }
  }
  return pixels;
}

/** Kernel for the gradient with respect to the input. */
export const dilation2dInputGradient: tf.KernelFunc = (args) => gradient(args, "input");
/** Kernel for the gradient with respect to the filter. */
export const dilation2dFilterGradient: tf.KernelFunc = (args) => gradient(args, "filter");
