import * as tf from "@tensorflow/tfjs-core";
import type { Activation } from "./activation.ts";
import {
  addBiasAndActivate,
  type LinearLayer,
  type LinearLayerFields,
  layerAndWeights,
  sumOverAllButLast,
} from "./linear-layer.ts";
import type { WritableWeight } from "../layers/writable-weight.ts";

/** Describes a Conv2D layer. */
export function conv2d(layer: LinearLayerFields): LinearLayer {
  const { strides, padding: pad } = layer;
  return {
    ...layerAndWeights(layer, layer.kernel),
    forward: (x, filter, bias, activation) =>
      fusedConv("FusedConv2D", { x, filter, ...(bias ? { bias } : {}) }, strides, pad, activation),
    inputGradient: (xShape, dy, kernel) =>
      tf.conv2dTranspose(dy as tf.Tensor4D, kernel as tf.Tensor4D, xShape as Shape4D, strides, pad),
    kernelGradient: (x, dy, filterShape) =>
      filterGradient("Conv2DBackpropFilter", x, dy, { filterShape, strides, pad }),
    perOutput: (scale) => scale,
    outputSum: sumOverAllButLast,
  };
}

type Shape4D = [number, number, number, number];

/** Runs the fused kernel itself. `tf.fused.conv2d` applies the activation as a separate op while a gradient is recorded. */
function fusedConv(
  kernelName: "FusedConv2D" | "FusedDepthwiseConv2D",
  inputs: tf.NamedTensorMap,
  strides: [number, number],
  pad: string,
  activation: Activation,
): tf.Tensor {
  const attrs = {
    strides,
    pad,
    dataFormat: "NHWC",
    dilations: [1, 1],
    dimRoundingMode: null,
    activation,
    leakyreluAlpha: 0,
  };
  return tf.engine().runKernel(kernelName, inputs, attrs as unknown as tf.NamedAttrMap);
}

interface FilterAttrs {
  readonly filterShape: readonly number[];
  readonly strides: [number, number];
  readonly pad: string;
}

function filterGradient(
  kernelName: "Conv2DBackpropFilter" | "DepthwiseConv2dNativeBackpropFilter",
  x: tf.Tensor,
  dy: tf.Tensor,
  attrs: FilterAttrs,
): tf.Tensor {
  const fixed = { dataFormat: "NHWC", dilations: [1, 1], dimRoundingMode: null };
  return tf.engine().runKernel(kernelName, { x, dy }, { ...fixed, ...attrs } as unknown as tf.NamedAttrMap);
}

/** Describes a DepthwiseConv2D layer. */
export function depthwiseConv2d(layer: LinearLayerFields, kernel: WritableWeight): LinearLayer {
  const { strides, padding: pad } = layer;
  const multiplier = kernel.read().shape[3] as number;
  return {
    ...layerAndWeights(layer, kernel),
    forward: (x, filter, bias, activation) =>
      bias || activation !== "linear"
        ? fusedConv("FusedDepthwiseConv2D", { x, filter, ...(bias ? { bias } : {}) }, strides, pad, activation)
        : tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad),
    inputGradient: (inputShape, dy, filter) =>
      tf.engine().runKernel("DepthwiseConv2dNativeBackpropInput", { dy, filter }, {
        strides,
        pad,
        dilations: [1, 1],
        dimRoundingMode: null,
        inputShape,
      } as unknown as tf.NamedAttrMap),
    kernelGradient: (x, dy, filterShape) =>
      filterGradient("DepthwiseConv2dNativeBackpropFilter", x, dy, { filterShape, strides, pad }),
    perOutput: (scale) => tf.reshape(scale, [scale.size / multiplier, multiplier]),
    outputSum: (values) => tf.reshape(tf.sum(values, [0, 1]), [-1]),
  };
}

/** Describes a Conv2DTranspose layer. */
export function transposedConv2d(layer: LinearLayerFields): LinearLayer {
  const { strides, padding } = layer;
  return {
    ...layerAndWeights(layer, layer.kernel, false),
    forward(x, kernel, bias, activation) {
      const [batch, ...size] = x.shape as Shape4D;
      const [kernelH, kernelW, channels] = kernel.shape as Shape4D;
      const [height, width] = [kernelH, kernelW].map((k, i) => {
        const [from, stride] = [size[i] as number, strides[i] as number];
        return padding === "same" ? from * stride : from * stride + Math.max(k - stride, 0);
      }) as [number, number];
      const y = tf.conv2dTranspose(
        x as tf.Tensor4D,
        kernel as tf.Tensor4D,
        [batch, height, width, channels],
        strides,
        padding,
      );
      return addBiasAndActivate(y, bias, activation);
    },
    inputGradient: (_, dy, kernel) => tf.conv2d(dy as tf.Tensor4D, kernel as tf.Tensor4D, strides, padding),
    // A transposed convolution is the input gradient of a convolution in the other direction.
    kernelGradient: (x, dy, filterShape) =>
      filterGradient("Conv2DBackpropFilter", dy, x, { filterShape, strides, pad: padding }),
    perOutput: (scale) => tf.reshape(scale, [scale.size, 1]),
    outputSum: (values) => tf.sum(values, [0, 1, 3]),
  };
}
