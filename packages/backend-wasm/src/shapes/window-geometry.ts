import * as tf from "@tensorflow/tfjs-core";

/** The sizes of one 2-D convolution or pooling in NHWC. Computed from tfjs's attributes; all kernels read them. */
export type Geometry = tf.backend_util.Conv2DInfo;

type Shape4 = [number, number, number, number];
type Attrs = tf.NamedAttrMap;

/** The common attributes of tfjs's four convolution kernels and their gradients. */
interface ConvAttrs {
  readonly strides: [number, number] | number;
  readonly pad: "valid" | "same" | number | tf.backend_util.ExplicitPadding;
  readonly dilations?: [number, number] | number | null;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
  readonly dataFormat?: "NHWC" | "NCHW";
}

/**
 * Computes the geometry of a convolution.
 *
 * @param depthwise whether the filter is [height, width, channels, multiplier] instead of [height, width, in, out].
 * @throws Error with the kernel's name for layouts other than NHWC. A silent transpose would hide its cost.
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

/** Computes the geometry of a pooling. */
export function poolGeometry(xShape: readonly number[], attrs: Attrs | undefined): Geometry {
  const { filterSize, strides, pad, dimRoundingMode, dilations } = attrs as unknown as ConvAttrs & {
    readonly filterSize: [number, number] | number;
  };
  return tf.backend_util.computePool2DInfo(xShape as Shape4, filterSize, strides, dilations ?? 1, pad, dimRoundingMode);
}

/** Returns whether a convolution is a matrix product: a 1×1 filter that visits every pixel once. */
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

/** Returns the number of products per image of a window operation, for one input channel of each output. */
export function windowWork(g: Geometry): number {
  return g.outHeight * g.outWidth * g.outChannels * g.filterHeight * g.filterWidth;
}
