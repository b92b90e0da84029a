import type { LayerLike } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { CallableLayer, WritableWeight } from "../layers/callable-layer.ts";
import type { Activation } from "./activation.ts";

/** What the linear layers of tfjs have in common: y = act(L(x, kernel) + bias), with output channels last. */
export interface LinearLayer {
  readonly layer: CallableLayer;
  readonly kernel: WritableWeight;
  readonly bias: WritableWeight | undefined;
  /** Whether the output channels are the last axis of the kernel, or the last two together. */
  readonly channelsLast: boolean;
  /** act(L(x, kernel) + bias), by one fused kernel where tfjs has one. */
  forward(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor | undefined, activation: Activation): tf.Tensor;
  /** ∂x of L for a given ∂y. */
  inputGradient(xShape: readonly number[], dy: tf.Tensor, kernel: tf.Tensor): tf.Tensor;
  /** ∂kernel of L for a given ∂y. */
  kernelGradient(x: tf.Tensor, dy: tf.Tensor, kernelShape: readonly number[]): tf.Tensor;
  /** `scale` ([C], one value an output channel) shaped so that kernel · scale scales the outputs. */
  perOutput(scale: tf.Tensor): tf.Tensor;
  /** Sums of a tensor of the kernel's shape, one an output channel: [C]. */
  outputSum(kernel: tf.Tensor): tf.Tensor;
}

interface ConvLayer extends CallableLayer {
  readonly kernel: WritableWeight;
  readonly depthwiseKernel?: WritableWeight | null;
  readonly bias?: WritableWeight | null;
  readonly strides: [number, number];
  readonly padding: "valid" | "same";
  readonly dataFormat: string;
  readonly dilationRate: readonly number[];
  readonly depthMultiplier?: number;
}

/**
 * The layer as a linear map with its gradient; undefined for anything but Conv2D, DepthwiseConv2D, Conv2DTranspose and Dense with
 * channels last and without dilation (no backend differentiates a dilated convolution).
 */
export function asLinearLayer(layer: LayerLike): LinearLayer | undefined {
  const conv = layer as unknown as ConvLayer;
  const name = layer.getClassName();
  if (name === "Dense") return conv.kernel ? dense(conv) : undefined;
  if (conv.dataFormat !== "channelsLast" || conv.padding === undefined) return undefined;
  if ((conv.dilationRate ?? []).some((rate) => rate !== 1)) return undefined;
  if (name === "Conv2D" && conv.kernel) return conv2d(conv);
  if (name === "DepthwiseConv2D" && conv.depthwiseKernel) return depthwise(conv, conv.depthwiseKernel);
  return name === "Conv2DTranspose" && conv.kernel ? transposed(conv) : undefined;
}

function common(
  layer: ConvLayer,
  kernel: WritableWeight,
  channelsLast = true,
): Pick<LinearLayer, "layer" | "kernel" | "bias" | "channelsLast"> {
  return { layer, kernel, bias: layer.bias ?? undefined, channelsLast };
}

function conv2d(layer: ConvLayer): LinearLayer {
  const { strides, padding: pad } = layer;
  return {
    ...common(layer, layer.kernel),
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

/** Past `tf.fused.conv2d`, which takes the activation apart while a gradient is recorded. */
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
  const common = { dataFormat: "NHWC", dilations: [1, 1], dimRoundingMode: null };
  return tf.engine().runKernel(kernelName, { x, dy }, { ...common, ...attrs } as unknown as tf.NamedAttrMap);
}

function depthwise(layer: ConvLayer, kernel: WritableWeight): LinearLayer {
  const { strides, padding: pad } = layer;
  const multiplier = kernel.read().shape[3] as number;
  return {
    ...common(layer, kernel),
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

function transposed(layer: ConvLayer): LinearLayer {
  const { strides, padding } = layer;
  return {
    ...common(layer, layer.kernel, false),
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
      return composed(y, bias, activation);
    },
    inputGradient: (_, dy, kernel) => tf.conv2d(dy as tf.Tensor4D, kernel as tf.Tensor4D, strides, padding),
    // A transposed convolution is the input gradient of one that goes the other way.
    kernelGradient: (x, dy, filterShape) =>
      filterGradient("Conv2DBackpropFilter", dy, x, { filterShape, strides, pad: padding }),
    perOutput: (scale) => tf.reshape(scale, [scale.size, 1]),
    outputSum: (values) => tf.sum(values, [0, 1, 3]),
  };
}

function dense(layer: ConvLayer): LinearLayer {
  return {
    ...common(layer, layer.kernel),
    forward(x, kernel, bias, activation) {
      const rows = tf.reshape(x, [-1, kernel.shape[0] as number]);
      const y = tf.matMul(rows as tf.Tensor2D, kernel as tf.Tensor2D);
      return composed(tf.reshape(y, [...x.shape.slice(0, -1), kernel.shape[1] as number]), bias, activation);
    },
    inputGradient(xShape, dy, kernel) {
      const rows = tf.reshape(dy, [-1, kernel.shape[1] as number]);
      return tf.reshape(tf.matMul(rows as tf.Tensor2D, kernel as tf.Tensor2D, false, true), xShape as number[]);
    },
    kernelGradient(x, dy, [from, to]) {
      const [inputs, outputs] = [tf.reshape(x, [-1, from as number]), tf.reshape(dy, [-1, to as number])];
      return tf.matMul(inputs as tf.Tensor2D, outputs as tf.Tensor2D, true);
    },
    perOutput: (scale) => scale,
    outputSum: sumOverAllButLast,
  };
}

function sumOverAllButLast(values: tf.Tensor): tf.Tensor {
  return tf.sum(
    values,
    Array.from({ length: values.rank - 1 }, (_, axis) => axis),
  );
}

function composed(y: tf.Tensor, bias: tf.Tensor | undefined, activation: Activation): tf.Tensor {
  const shifted = bias ? tf.add(y, bias) : y;
  if (activation === "linear") return shifted;
  return activation === "relu" ? tf.relu(shifted) : tf.relu6(shifted);
}
