import * as tf from "@tensorflow/tfjs-core";
import type { Geometry } from "../shapes/window-geometry.ts";
import { maxPoolGradient } from "./max-pool.ts";

type Info3D = tf.backend_util.Conv3DInfo;
type Shape5 = [number, number, number, number, number];
type Pads = [[number, number], [number, number], [number, number], [number, number]];

/** Computes the geometry of a 3-D pool, NDHWC. */
export function pool3dInfo(shape: readonly number[], attrs: tf.NamedAttrMap): Info3D {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as {
    readonly filterSize: [number, number, number] | number;
    readonly strides: [number, number, number] | number;
    readonly pad: "valid" | "same" | number;
    readonly dimRoundingMode?: "floor" | "round" | "ceil";
  };
  return tf.backend_util.computePool3DInfo(shape as Shape5, filterSize, strides, 1, pad, dimRoundingMode);
}

/** Divides a 3-D pool into one over height and width and one over depth. The maximum of maxima is the same. */
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

/** Computes MaxPool3D. Stock starts from the smallest positive number, which is wrong for windows of negative numbers. */
export function maxPool3d(x: tf.Tensor, g: Info3D): tf.Tensor {
  const { plane, depth } = halves(g);
  return tf.reshape(pool(pool(x, plane), depth), g.outShape);
}

/** Computes the gradient of MaxPool3D by the chain rule through the two pools. */
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
