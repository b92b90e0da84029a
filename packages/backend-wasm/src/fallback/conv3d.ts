import * as tf from "@tensorflow/tfjs-core";
import type { Geometry } from "../shapes/window-geometry.ts";
import { maxPoolGradient } from "./max-pool.ts";

type Info3D = tf.backend_util.Conv3DInfo;
type Shape5 = [number, number, number, number, number];
type Pads = [[number, number], [number, number], [number, number], [number, number]];

/** Geometry of a 3-D pool or convolution, NDHWC. */
export function pool3dInfo(shape: readonly number[], attrs: tf.NamedAttrMap): Info3D {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as {
    readonly filterSize: [number, number, number] | number;
    readonly strides: [number, number, number] | number;
    readonly pad: "valid" | "same" | number;
    readonly dimRoundingMode?: "floor" | "round" | "ceil";
  };
  return tf.backend_util.computePool3DInfo(shape as Shape5, filterSize, strides, 1, pad, dimRoundingMode);
}

/** A pool over height and width, and one over depth: the largest of the largest. */
function halves(g: Info3D): { readonly plane: Half; readonly depth: Half } {
  const { front, back, top, bottom, left, right } = g.padInfo;
  return {
    plane: {
      shape: [g.batchSize * g.inDepth, g.inHeight, g.inWidth, g.inChannels],
      window: [g.filterHeight, g.filterWidth],
      strides: [g.strideHeight, g.strideWidth],
      pad: [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ],
    },
    depth: {
      shape: [g.batchSize, g.inDepth, g.outHeight * g.outWidth, g.inChannels],
      window: [g.filterDepth, 1],
      strides: [g.strideDepth, 1],
      pad: [
        [0, 0],
        [front, back],
        [0, 0],
        [0, 0],
      ],
    },
  };
}

interface Half {
  readonly shape: [number, number, number, number];
  readonly window: [number, number];
  readonly strides: [number, number];
  readonly pad: Pads;
}

const pool = (x: tf.Tensor, half: Half): tf.Tensor4D =>
  tf.engine().runKernel("MaxPool", { x: tf.reshape(x, half.shape) }, {
    filterSize: half.window,
    strides: half.strides,
    pad: half.pad,
    dimRoundingMode: "floor",
  } as unknown as tf.NamedAttrMap) as tf.Tensor4D;

const geometry = (half: Half): Geometry =>
  tf.backend_util.computePool2DInfo(half.shape, half.window, half.strides, 1, half.pad, "floor");

/** MaxPool3D; stock starts from the smallest positive number. */
export function maxPool3d(x: tf.Tensor, g: Info3D): tf.Tensor {
  const { plane, depth } = halves(g);
  return tf.reshape(pool(pool(x, plane), depth), g.outShape);
}

/** MaxPool3DGrad, by the chain rule through the two pools. */
export function maxPool3dGradient(dy: tf.Tensor, x: tf.Tensor, g: Info3D): tf.Tensor {
  const { plane, depth } = halves(g);
  const flat = tf.reshape(x, plane.shape) as tf.Tensor4D;
  const between = pool(x, plane);
  const depthGeometry = geometry(depth);
  const dBetween = maxPoolGradient(
    tf.reshape(dy, depthGeometry.outShape) as tf.Tensor4D,
    tf.reshape(between, depth.shape) as tf.Tensor4D,
    depthGeometry,
  );
  return tf.reshape(
    maxPoolGradient(tf.reshape(dBetween, between.shape) as tf.Tensor4D, flat, geometry(plane)),
    g.inShape,
  );
}

/** The convolution of planes that a slice of the filter makes. */
function planar(g: Info3D): Geometry {
  const { top, bottom, left, right } = g.padInfo;
  return tf.backend_util.computeConv2DInfo(
    [g.batchSize * g.outDepth, g.inHeight, g.inWidth, g.inChannels],
    [g.filterHeight, g.filterWidth, g.inChannels, g.outChannels],
    [g.strideHeight, g.strideWidth],
    [g.dilationHeight, g.dilationWidth],
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    "floor",
  );
}

/** Depth, padding included, that the slices of the filter reach. */
function depthReach(g: Info3D): number {
  return Math.max(
    g.padInfo.front + g.inDepth,
    (g.outDepth - 1) * g.strideDepth + (g.filterDepth - 1) * g.dilationDepth + 1,
  );
}

/** For each slice of the filter the planes of x that it reads, as one batch of images. */
function planesRead(x: tf.Tensor, g: Info3D): tf.Tensor4D[] {
  const row = g.inHeight * g.inWidth * g.inChannels;
  const behind = depthReach(g) - g.padInfo.front - g.inDepth;
  const padded = tf.pad(tf.reshape(x, [g.batchSize, g.inDepth, row]), [
    [0, 0],
    [g.padInfo.front, behind],
    [0, 0],
  ]);
  return Array.from({ length: g.filterDepth }, (_, k) => {
    const at = k * g.dilationDepth;
    const end = at + (g.outDepth - 1) * g.strideDepth + 1;
    const planes = tf.stridedSlice(padded, [0, at, 0], [g.batchSize, end, row], [1, g.strideDepth, 1]);
    return tf.reshape(planes, [g.batchSize * g.outDepth, g.inHeight, g.inWidth, g.inChannels]) as tf.Tensor4D;
  });
}

/** The attributes of that convolution, for the kernels of conv2d that are registered. */
function planarAttrs(g: Info3D): tf.NamedAttrMap {
  const { strideHeight, strideWidth, dilationHeight, dilationWidth, filterShape, inShape } = planar(g);
  const { top, bottom, left, right } = g.padInfo;
  return {
    strides: [strideHeight, strideWidth],
    dilations: [dilationHeight, dilationWidth],
    pad: [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    dimRoundingMode: "floor",
    dataFormat: "NHWC",
    filterShape,
    inputShape: inShape,
  };
}

const sliceOf = (filter: tf.Tensor, k: number, g: Info3D): tf.Tensor4D =>
  tf.reshape(tf.slice(filter, [k, 0, 0, 0, 0], [1, -1, -1, -1, -1]), planar(g).filterShape) as tf.Tensor4D;

/** conv3d: for each slice of the filter the convolution of the planes it reads, summed; stock's is one scalar loop. */
export function conv3d(x: tf.Tensor, filter: tf.Tensor, g: Info3D): tf.Tensor {
  const attrs = planarAttrs(g);
  const sums = planesRead(x, g).map(
    (planes, k) => tf.engine().runKernel("Conv2D", { x: planes, filter: sliceOf(filter, k, g) }, attrs) as tf.Tensor,
  );
  return tf.reshape(
    sums.reduce((sum, next) => tf.add(sum, next)),
    g.outShape,
  );
}

/** Filter gradient of conv3d: for each slice of the filter the 2-D gradient over the planes it reads; stock errs with strides. */
export function conv3dFilterGradient(x: tf.Tensor, dy: tf.Tensor, g: Info3D): tf.Tensor {
  const attrs = planarAttrs(g);
  const dyPlanes = tf.reshape(dy, [g.batchSize * g.outDepth, g.outHeight, g.outWidth, g.outChannels]);
  const slices = planesRead(x, g).map(
    (planes) => tf.engine().runKernel("Conv2DBackpropFilter", { x: planes, dy: dyPlanes }, attrs) as tf.Tensor,
  );
  return tf.reshape(tf.stack(slices), g.filterShape);
}

/** Input gradient of conv3d: for each slice of the filter the 2-D gradient, laid at its depth; stock mixes up channels. */
export function conv3dInputGradient(dy: tf.Tensor, filter: tf.Tensor, g: Info3D): tf.Tensor {
  const { front } = g.padInfo;
  const attrs = planarAttrs(g);
  const dyPlanes = tf.reshape(dy, [g.batchSize * g.outDepth, g.outHeight, g.outWidth, g.outChannels]) as tf.Tensor4D;
  const row = g.inHeight * g.inWidth * g.inChannels;
  // Depths below 0 and beyond the end are padding: they are added up too, and cut off at the end.
  const reach = depthReach(g);
  let sum: tf.Tensor = tf.zeros([g.batchSize, reach, row]);
  for (let k = 0; k < g.filterDepth; k++) {
    const inputs = { dy: dyPlanes, filter: sliceOf(filter, k, g) };
    const planes = tf.engine().runKernel("Conv2DBackpropInput", inputs, attrs) as tf.Tensor;
    const gradient = tf.reshape(planes, [g.batchSize, g.outDepth, 1, row]);
    const spread = tf.reshape(
      tf.pad(gradient, [
        [0, 0],
        [0, 0],
        [0, g.strideDepth - 1],
        [0, 0],
      ]),
      [g.batchSize, g.outDepth * g.strideDepth, row],
    );
    const used = tf.slice(spread, [0, 0, 0], [-1, (g.outDepth - 1) * g.strideDepth + 1, -1]);
    const at = k * g.dilationDepth;
    sum = tf.add(
      sum,
      tf.pad(used, [
        [0, 0],
        [at, reach - at - (used.shape[1] as number)],
        [0, 0],
      ]),
    );
  }
  return tf.reshape(tf.slice(sum, [0, front, 0], [-1, g.inDepth, -1]), g.inShape);
}
