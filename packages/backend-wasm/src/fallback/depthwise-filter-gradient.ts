import * as tf from "@tensorflow/tfjs-core";
import { exactMargins } from "../shapes/margins.ts";
import type { Geometry } from "../shapes/window-geometry.ts";
import { padOrCrop, tapSlice } from "./window-slices.ts";

/** Computes the filter gradient of a depthwise convolution tap by tap: Σ over pixels of (the tap's input) · dy. */
export function depthwiseFilterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, g: Geometry): tf.Tensor {
  const multiplier = g.outChannels / g.inChannels;
  const pixels = g.batchSize * g.outHeight * g.outWidth;
  const padded = padOrCrop(x, exactMargins(g));
  const byMultiplier = tf.reshape(dy, [pixels, g.inChannels, multiplier]);
  const taps: tf.Tensor[] = [];
  for (let row = 0; row < g.filterHeight; row++) {
    for (let column = 0; column < g.filterWidth; column++) {
      const read = tf.reshape(tapSlice(padded, g, row, column), [pixels, g.inChannels, 1]);
      taps.push(tf.sum(tf.mul(read, byMultiplier), 0));
    }
  }
  return tf.reshape(tf.concat(taps), [g.filterHeight, g.filterWidth, g.inChannels, multiplier]);
}
