import * as tf from "@tensorflow/tfjs-core";
import type { Geometry } from "../shapes/window-geometry.ts";

type Info3D = tf.backend_util.Conv3DInfo;

/** Computes the geometry of the 2-D convolution that one depth slice of the filter makes. */
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

/** Returns the depth, including padding, that the slices of the filter reach. */
function depthReach(g: Info3D): number {
  return Math.max(
    g.padInfo.front + g.inDepth,
    (g.outDepth - 1) * g.strideDepth + (g.filterDepth - 1) * g.dilationDepth + 1,
  );
}

/** Returns for each slice of the filter the planes of x that it reads, as one batch of images. */
function planesRead(x: tf.Tensor, g: Info3D): tf.Tensor4D[] {
  const row = g.inHeight * g.inWidth * g.inChannels;
  const back = depthReach(g) - g.padInfo.front - g.inDepth;
  const padded = tf.pad(tf.reshape(x, [g.batchSize, g.inDepth, row]), [
    [0, 0],
    [g.padInfo.front, back],
    [0, 0],
  ]);
  return Array.from({ length: g.filterDepth }, (_, k) => {
    const at = k * g.dilationDepth;
    const end = at + (g.outDepth - 1) * g.strideDepth + 1;
    const planes = tf.stridedSlice(padded, [0, at, 0], [g.batchSize, end, row], [1, g.strideDepth, 1]);
    return tf.reshape(planes, [g.batchSize * g.outDepth, g.inHeight, g.inWidth, g.inChannels]) as tf.Tensor4D;
  });
}

/** Returns the attributes of the 2-D convolution, for the registered kernels of conv2d. */
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

/** Computes conv3d as the sum of one 2-D convolution per slice of the filter. Stock's kernel is a scalar loop. */
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

/** Computes the filter gradient of conv3d: the 2-D gradient of each slice of the filter. Stock is wrong with strides. */
export function conv3dFilterGradient(x: tf.Tensor, dy: tf.Tensor, g: Info3D): tf.Tensor {
  const attrs = planarAttrs(g);
  const dyPlanes = tf.reshape(dy, [g.batchSize * g.outDepth, g.outHeight, g.outWidth, g.outChannels]);
  const slices = planesRead(x, g).map(
    (planes) => tf.engine().runKernel("Conv2DBackpropFilter", { x: planes, dy: dyPlanes }, attrs) as tf.Tensor,
  );
  return tf.reshape(tf.stack(slices), g.filterShape);
}

/**
 * Computes the input gradient of conv3d: the 2-D gradient of each slice of the filter, added at the slice's depth. Stock mixes
 * up channels.
 */
export function conv3dInputGradient(dy: tf.Tensor, filter: tf.Tensor, g: Info3D): tf.Tensor {
  const { front } = g.padInfo;
  const attrs = planarAttrs(g);
  const dyPlanes = tf.reshape(dy, [g.batchSize * g.outDepth, g.outHeight, g.outWidth, g.outChannels]) as tf.Tensor4D;
  const row = g.inHeight * g.inWidth * g.inChannels;
  // Depths below 0 and beyond the end are padding. They are summed too, and cut off at the end.
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
