import * as tf from "@tensorflow/tfjs-core";
import { exactMargins } from "../shapes/margins.ts";
import type { Geometry } from "../shapes/window-geometry.ts";
import { insertZeros, padOrCrop, tapSlice } from "./window-slices.ts";

/**
 * Computes max pooling with dilations, which stock ignores, or with a window of one pixel, which XNNPACK refuses. NaN is
 * skipped, as on cpu.
 */
export function maxPool(x: tf.Tensor4D, g: Geometry): tf.Tensor {
  const padded = padOrCrop(x, exactMargins(g), Number.NEGATIVE_INFINITY);
  let best: tf.Tensor = tf.fill(g.outShape, Number.NEGATIVE_INFINITY);
  for (let row = 0; row < g.filterHeight; row++)
    for (let column = 0; column < g.filterWidth; column++) {
      const read = tapSlice(padded, g, row, column);
      best = tf.where(tf.greater(read, best), read, best);
    }
  return best;
}

/**
 * Computes the gradient of max pooling with stock kernels. In each window the first maximum in row-major order gets all of
 * dy, as on cpu. The order matters, because ties at 0 are common after a relu.
 */
export function maxPoolGradient(dy: tf.Tensor4D, x: tf.Tensor4D, g: Geometry): tf.Tensor {
  const margins = exactMargins(g);
  const padded = padOrCrop(x, margins, Number.NEGATIVE_INFINITY);
  const forEachTap = (visit: (row: number, column: number) => void): void => {
    for (let row = 0; row < g.filterHeight; row++)
      for (let column = 0; column < g.filterWidth; column++) visit(row, column);
  };
  let best: tf.Tensor = tf.fill(g.outShape, Number.NEGATIVE_INFINITY);
  let winner: tf.Tensor = tf.fill(g.outShape, -1);
  forEachTap((row, column) => {
    const read = tapSlice(padded, g, row, column);
    const better = tf.greater(read, best);
    best = tf.where(better, read, best);
    winner = tf.where(better, tf.fill(g.outShape, row * g.filterWidth + column), winner);
  });
  const [, height, width] = padded.shape;
  let gradient: tf.Tensor4D = tf.zeros(padded.shape);
  forEachTap((row, column) => {
    const share = tf.where(tf.equal(winner, row * g.filterWidth + column), dy, tf.zerosLike(dy));
    const spaced = insertZeros(share, g.strideHeight, g.strideWidth);
    const top = row * g.dilationHeight;
    const left = column * g.dilationWidth;
    const [, h, w] = spaced.shape;
    gradient = tf.add(gradient, padOrCrop(spaced, { top, left, bottom: height - h - top, right: width - w - left }));
  });
  const { top, bottom, left, right } = margins;
  return padOrCrop(gradient, { top: -top, bottom: -bottom, left: -left, right: -right });
}
