import * as tf from "@tensorflow/tfjs-core";
import { exactMargins } from "../shapes/margins.ts";
import { type Geometry, isPointwise } from "../shapes/window-geometry.ts";
import { insertZeros, padOrCrop } from "./window-slices.ts";

/**
 * Computes the filter gradient of conv2d with stock kernels. It is the convolution of xᵀ [C, H, W, B] with dyᵀ
 * [oH, oW, B, O] as its filter; stride and dilation change places. For a 1×1 filter it is xᵀ·dy.
 */
export function convFilterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, g: Geometry): tf.Tensor {
  if (isPointwise(g)) {
    const pixels = g.batchSize * g.inHeight * g.inWidth;
    const product = tf.matMul(
      tf.transpose(tf.reshape(x, [pixels, g.inChannels])),
      tf.reshape(dy, [pixels, g.outChannels]),
    );
    return tf.reshape(product, [1, 1, g.inChannels, g.outChannels]);
  }
  const byChannel = tf.transpose(padOrCrop(x, exactMargins(g)), [3, 1, 2, 0]);
  const filter = tf.transpose(dy, [1, 2, 0, 3]);
  const gradient = stockConv(
    "Conv2D",
    byChannel,
    filter,
    [g.dilationHeight, g.dilationWidth],
    [g.strideHeight, g.strideWidth],
  );
  return tf.transpose(gradient, [1, 2, 0, 3]);
}

/**
 * Computes the input gradient of conv2d with stock kernels: inserts zeros into dy according to the stride, and convolves it
 * with the filter rotated by 180°.
 */
export function convInputGradient(dy: tf.Tensor4D, filter: tf.Tensor4D, g: Geometry): tf.Tensor {
  const rotated = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
  return stockConv("Conv2D", spaceAndPad(dy, g), rotated, [1, 1], [g.dilationHeight, g.dilationWidth]);
}

/**
 * Computes the input gradient for a dy larger than the convolution's output, which conv2dTranspose accepts. Only the first
 * rows and columns of dy are used.
 *
 * @throws Error if dy is smaller
 */
export function fittedInputGradient(
  inputs: { readonly [name: string]: tf.TensorInfo },
  attrs: tf.NamedAttrMap,
  { outShape }: Geometry,
): tf.Tensor {
  const { dy, filter } = inputs as unknown as { readonly dy: tf.Tensor; readonly filter: tf.Tensor };
  if (outShape.some((size, axis) => size > (dy.shape[axis] as number))) {
    throw new Error(
      `Conv2DBackpropInput: dy is [${dy.shape}], and a convolution of [${attrs.inputShape}] with this filter, stride and padding gives [${outShape}]. Pass a dy at least as large.`,
    );
  }
  return tf.tidy(() => {
    const part = tf.slice(dy, 0, outShape);
    return tf.engine().runKernel("Conv2DBackpropInput", { dy: part, filter }, attrs) as tf.Tensor;
  });
}

/**
 * Computes the input gradient of a depthwise convolution. With a multiplier m, the m output channels of each input channel
 * are convolved separately and summed.
 */
export function depthwiseInputGradient(dy: tf.Tensor4D, filter: tf.Tensor4D, g: Geometry): tf.Tensor {
  const multiplier = g.outChannels / g.inChannels;
  const rotated = tf.reshape(tf.reverse(filter, [0, 1]), [g.filterHeight, g.filterWidth, g.outChannels, 1]);
  const dilations: [number, number] = [g.dilationHeight, g.dilationWidth];
  const each = stockConv("DepthwiseConv2dNative", spaceAndPad(dy, g), rotated as tf.Tensor4D, [1, 1], dilations);
  if (multiplier === 1) return each;
  const shape = [g.batchSize, g.inHeight, g.inWidth, g.inChannels];
  return tf.reshape(tf.sum(tf.reshape(each, [-1, multiplier]), 1), shape);
}

/**
 * Inserts zeros into dy according to the stride, and pads it so that a valid convolution with the rotated filter has the
 * input's size.
 */
function spaceAndPad(dy: tf.Tensor4D, g: Geometry): tf.Tensor4D {
  const spaced = insertZeros(dy, g.strideHeight, g.strideWidth);
  const [, height, width] = spaced.shape;
  const reachHeight = (g.filterHeight - 1) * g.dilationHeight;
  const reachWidth = (g.filterWidth - 1) * g.dilationWidth;
  const top = reachHeight - g.padInfo.top;
  const left = reachWidth - g.padInfo.left;
  return padOrCrop(spaced, {
    top,
    left,
    bottom: g.inHeight + reachHeight - height - top,
    right: g.inWidth + reachWidth - width - left,
  });
}

/** Runs the kernel directly. tf.conv2d requires a stride or a dilation of 1, but XNNPACK supports both together. */
function stockConv(
  kernel: "Conv2D" | "DepthwiseConv2dNative",
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  strides: [number, number],
  dilations: [number, number],
): tf.Tensor {
  return tf
    .engine()
    .runKernel(kernel, { x, filter }, { strides, pad: "valid", dataFormat: "NHWC", dilations }) as tf.Tensor;
}
