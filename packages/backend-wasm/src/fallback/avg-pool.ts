import * as tf from "@tensorflow/tfjs-core";
import type { Geometry } from "../shapes/window-geometry.ts";
import { exactMargins, padOrCrop, insertZeros, tapSlice } from "./window-slices.ts";

/** Sums what each tap of the window reads of x, with 0 around it. */
function windowSums(x: tf.Tensor4D, g: Geometry): tf.Tensor {
  const padded = padOrCrop(x, exactMargins(g));
  let sums: tf.Tensor = tf.zeros(g.outShape);
  for (let row = 0; row < g.filterHeight; row++)
    for (let column = 0; column < g.filterWidth; column++) sums = tf.add(sums, tapSlice(padded, g, row, column));
  return sums;
}

/** Average pooling, of what a window has inside the image. Stock knows no dilations and no windows of one pixel. */
export function avgPool(x: tf.Tensor4D, g: Geometry): tf.Tensor {
  return tf.div(windowSums(x, g), windowSums(tf.onesLike(x), g));
}

/** Its gradient. Stock, and cpu, divide by the whole window, also where padding is in it. */
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
