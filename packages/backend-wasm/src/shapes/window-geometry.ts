import * as tf from "@tensorflow/tfjs-core";

/** The numbers of one 2-D convolution or pooling, NHWC: computed once from tfjs's attributes, read by every kernel. */
export type Geometry = tf.backend_util.Conv2DInfo;

type Shape4 = [number, number, number, number];
type Attrs = tf.NamedAttrMap;

/** The attributes that tfjs's four convolution kernels and their gradients share. */
interface ConvAttrs {
  readonly strides: [number, number] | number;
  readonly pad: "valid" | "same" | number | tf.backend_util.ExplicitPadding;
  readonly dilations?: [number, number] | number | null;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
  readonly dataFormat?: "NHWC" | "NCHW";
}

/**
 * Geometry of a convolution.
 *
 * @param depthwise whether the filter is [height, width, channels, multiplier] rather than [height, width, in, out].
 * @throws Error for layouts other than NHWC, naming the kernel: transposing silently would hide its cost.
 */
export function convGeometry(
  kernelName: string,
  xShape: readonly number[],
  filterShape: readonly number[],
  attrs: Attrs | undefined,
  depthwise: boolean,
): Geometry {
  const { strides, pad, dilations, dimRoundingMode, dataFormat } = attrs as unknown as ConvAttrs;
  if (dataFormat === "NCHW") {
    throw new Error(
      `${kernelName}: the wasm backend has no NCHW kernels; transpose the tensor to NHWC, or use dataFormat "NHWC".`,
    );
  }
  return tf.backend_util.computeConv2DInfo(
    xShape as Shape4,
    filterShape as Shape4,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
  );
}

/** Geometry of a pooling. */
export function poolGeometry(xShape: readonly number[], attrs: Attrs | undefined): Geometry {
  const { filterSize, strides, pad, dimRoundingMode, dilations } = attrs as unknown as ConvAttrs & {
    readonly filterSize: [number, number] | number;
  };
  return tf.backend_util.computePool2DInfo(xShape as Shape4, filterSize, strides, dilations ?? 1, pad, dimRoundingMode);
}

/** A 1×1 convolution that visits every pixel once is a matrix product. */
export function isPointwise(g: Geometry): boolean {
  return (
    g.filterHeight === 1 &&
    g.filterWidth === 1 &&
    g.strideHeight === 1 &&
    g.strideWidth === 1 &&
    g.padInfo.top === 0 &&
    g.padInfo.left === 0 &&
    g.outHeight === g.inHeight &&
    g.outWidth === g.inWidth
  );
}

/** Products in one image of a window operation, for one input channel of each output. */
export function windowWork(g: Geometry): number {
  return g.outHeight * g.outWidth * g.outChannels * g.filterHeight * g.filterWidth;
}
