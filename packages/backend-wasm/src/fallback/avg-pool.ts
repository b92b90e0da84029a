import * as tf from "@tensorflow/tfjs-core";
import { exactMargins } from "../shapes/margins.ts";
import type { Geometry } from "../shapes/window-geometry.ts";
import { insertZeros, padOrCrop, tapSlice } from "./window-slices.ts";

/** Sums the pixels of x that each window reads. Pixels outside the image count as 0. */
function windowSums(x: tf.Tensor4D, g: Geometry): tf.Tensor {
  const padded = padOrCrop(x, exactMargins(g));
  let sums: tf.Tensor = tf.zeros(g.outShape);
  for (let row = 0; row < g.filterHeight; row++)
    for (let column = 0; column < g.filterWidth; column++) sums = tf.add(sums, tapSlice(padded, g, row, column));
  return sums;
}

/**
 * Computes average pooling over the pixels of each window that lie inside the image. Stock supports neither dilations nor
 * windows of one pixel.
 */
export function avgPool(x: tf.Tensor4D, g: Geometry): tf.Tensor {
  return tf.div(windowSums(x, g), windowSums(tf.onesLike(x), g));
}

/** Computes the gradient of {@link avgPool}. Stock and cpu divide by the whole window, which is wrong if it includes padding. */
export function avgPoolGradient(dy: tf.Tensor4D, g: Geometry): tf.Tensor {
  const inside = windowSums(tf.ones(g.inShape), g);
  const share = tf.divNoNan(dy, inside);
  const { top, bottom, left, right } = exactMargins(g);
  const [height, width] = [g.inHeight + top + bottom, g.inWidth + left + right];
  const spaced = insertZeros(share as tf.Tensor4D, g.strideHeight, g.strideWidth);
  const [, h, w] = spaced.shape;
  let gradient: tf.Tensor = tf.zeros([g.batchSize, height, width, g.inChannels]);
  for (let row = 0; row < g.filterHeight; row++)
    for (let column = 0; column < g.filterWidth; column++) {
      const [down, across] = [row * g.dilationHeight, column * g.dilationWidth];
      const margins = { top: down, left: across, bottom: height - h - down, right: width - w - across };
      gradient = tf.add(gradient, padOrCrop(spaced, margins));
    }
  return padOrCrop(gradient as tf.Tensor4D, { top: -top, bottom: -bottom, left: -left, right: -right });
}
