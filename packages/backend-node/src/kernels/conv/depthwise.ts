import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import type { Native, RunGraft } from "../native.ts";
import type { ConvAttrs } from "./pointwise.ts";
import { type Convolution, tailIds } from "./tail.ts";

type Stock = Readonly<Record<"DepthwiseConv2dNativeBackpropInput" | "DepthwiseConv2dNativeBackpropFilter", KernelFunc>>;
type Shape4D = [number, number, number, number];

/** Zeros around an image that are not in memory. */
export interface Margin {
  readonly top: number;
  readonly left: number;
  /** Height and width without the zeros. */
  readonly height: number;
  readonly width: number;
}

/** Sizes of a depthwise convolution, in the form of native/graft_conv.cc. */
export interface Window {
  readonly numbers: readonly number[];
  readonly inShape: Shape4D;
  readonly outShape: Shape4D;
}

/**
 * Returns the window of a depthwise convolution.
 *
 * @param margin zeros that are part of `xShape` and not in memory. @default none
 * @returns undefined if our kernel does not support the convolution: with dilation, with several outputs per channel, or with
 * channels first.
 */
export function windowOf(
  xShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dilations, dataFormat = "NHWC", dimRoundingMode }: ConvAttrs,
  margin?: Margin,
): Window | undefined {
  const plain = [dilations ?? 1].flat().every((rate) => rate === 1);
  if (!plain || filterShape[3] !== 1 || dataFormat !== "NHWC" || xShape.length !== 4 || xShape.includes(0))
    return undefined;
  const conv = tf.backend_util.computeConv2DInfo(
    xShape as Shape4D,
    filterShape as Shape4D,
    strides,
    1,
    pad as "same",
    dimRoundingMode,
    true,
  );
  const { batchSize, inChannels, filterHeight, filterWidth, strideHeight, strideWidth, outHeight, outWidth, padInfo } =
    conv;
  const { top, left, height, width } = margin ?? { top: 0, left: 0, height: conv.inHeight, width: conv.inWidth };
  const sizes = [height, width, inChannels, filterHeight, filterWidth, strideHeight, strideWidth];
  return {
    numbers: [...sizes, padInfo.top + top, padInfo.left + left, outHeight, outWidth, batchSize],
    inShape: [batchSize, height, width, inChannels],
    outShape: conv.outShape as Shape4D,
  };
}

/** Returns the convolution of each channel of x with its filter. `x` and `filter` are the binding's ids. */
export function depthwise(runGraft: RunGraft, x: number, filter: number, { numbers, outShape }: Window): Convolution {
  return (tail) =>
    runGraft(
      "depthwise",
      [x, filter, ...tailIds(tail)],
      [...numbers, tail.epsilon ?? 0, tail.ceiling],
      [outShape],
    )[0] as ReturnType<Convolution>;
}

/** Makes kernels for the gradients of depthwise convolutions. Cases without a `Window` use the stock kernels. */
export function depthwiseGradients(
  { id, info }: Native,
  runGraft: RunGraft,
  stock: Stock,
): Readonly<Record<string, KernelFunc>> {
  return {
    DepthwiseConv2dNativeBackpropInput: (args) => {
      const { dy, filter } = args.inputs as unknown as Record<"dy" | "filter", TensorInfo>;
      const attrs = args.attrs as unknown as ConvAttrs & { inputShape: Shape4D };
      const window = dy.dtype === "float32" ? windowOf(attrs.inputShape, filter.shape, attrs) : undefined;
      if (!window) return stock.DepthwiseConv2dNativeBackpropInput(args);
      return info(
        runGraft("depthwiseInputGrad", [id(dy), id(filter)], window.numbers, [
          attrs.inputShape,
        ])[0] as ReturnType<Convolution>,
      );
    },
    DepthwiseConv2dNativeBackpropFilter: (args) => {
      const { x, dy } = args.inputs as unknown as Record<"x" | "dy", TensorInfo>;
      const attrs = args.attrs as unknown as ConvAttrs & { filterShape: Shape4D };
      const window = x.dtype === "float32" ? windowOf(x.shape, attrs.filterShape, attrs) : undefined;
      if (!window) return stock.DepthwiseConv2dNativeBackpropFilter(args);
      return info(
        runGraft("depthwiseFilterGrad", [id(x), id(dy)], window.numbers, [
          attrs.filterShape,
        ])[0] as ReturnType<Convolution>,
      );
    },
  };
}
