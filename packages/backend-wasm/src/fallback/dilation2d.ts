import * as tf from "@tensorflow/tfjs-core";
import { exactMargins, type Margins } from "../shapes/margins.ts";
import type { Geometry } from "../shapes/window-geometry.ts";
import { insertZeros, padOrCrop, tapSlice } from "./window-slices.ts";

/** Computes the geometry of a greyscale dilation. */
export function dilation2dInfo(x: tf.Tensor4D, filter: tf.Tensor3D, attrs: tf.NamedAttrMap): Geometry {
  const { strides, pad, dilations } = attrs as unknown as {
    readonly strides: [number, number] | number;
    readonly pad: "valid" | "same" | number;
    readonly dilations: [number, number] | number;
  };
  return tf.backend_util.computeDilation2DInfo(x.shape, filter.shape, strides, pad, "NHWC", dilations);
}

interface Found {
  /** The largest x + w of each window. */
  readonly best: tf.Tensor;
  /** Number of the tap that gave the largest value; the first one if several are equal. */
  readonly winner: tf.Tensor;
  readonly margins: Margins;
  readonly paddedShape: [number, number, number, number];
}

function search(x: tf.Tensor4D, filter: tf.Tensor3D, g: Geometry): Found {
  const margins = exactMargins(g);
  const padded = padOrCrop(x, margins, Number.NEGATIVE_INFINITY);
  let best: tf.Tensor = tf.fill(g.outShape, Number.NEGATIVE_INFINITY);
  let winner: tf.Tensor = tf.fill(g.outShape, -1);
  forEachTap(g, (row, column, tap) => {
    const weight = tf.reshape(tf.slice(filter, [row, column, 0], [1, 1, -1]), [g.inChannels]);
    const candidate = tf.add(tapSlice(padded, g, row, column), weight);
    const better = tf.greater(candidate, best);
    best = tf.where(better, candidate, best);
    winner = tf.where(better, tf.fill(g.outShape, tap), winner);
  });
  return { best, winner, margins, paddedShape: padded.shape };
}

/** Computes Dilation2D: the maximum over taps of x + w. */
export function dilation2d(x: tf.Tensor4D, filter: tf.Tensor3D, g: Geometry): tf.Tensor {
  return search(x, filter, g).best;
}

/** Computes the input gradient of Dilation2D: dy goes to the pixel that gave the maximum. */
export function dilation2dInputGradient(x: tf.Tensor4D, filter: tf.Tensor3D, dy: tf.Tensor4D, g: Geometry): tf.Tensor {
  const { winner, margins, paddedShape } = search(x, filter, g);
  const [, height, width] = paddedShape;
  let gradient: tf.Tensor4D = tf.zeros(paddedShape);
  forEachTap(g, (row, column, tap) => {
    const spaced = insertZeros(shareOf(winner, tap, dy), g.strideHeight, g.strideWidth);
    const [, h, w] = spaced.shape;
    const [top, left] = [row * g.dilationHeight, column * g.dilationWidth];
    gradient = tf.add(gradient, padOrCrop(spaced, { top, left, bottom: height - h - top, right: width - w - left }));
  });
  const { top, bottom, left, right } = margins;
  return padOrCrop(gradient, { top: -top, bottom: -bottom, left: -left, right: -right });
}

/** Computes the filter gradient of Dilation2D: dy goes to the tap that gave the maximum. */
export function dilation2dFilterGradient(x: tf.Tensor4D, filter: tf.Tensor3D, dy: tf.Tensor4D, g: Geometry): tf.Tensor {
  const { winner } = search(x, filter, g);
  const taps: tf.Tensor[] = [];
  forEachTap(g, (_, __, tap) => {
    taps.push(tf.sum(shareOf(winner, tap, dy), [0, 1, 2]));
  });
  return tf.reshape(tf.stack(taps), filter.shape);
}

const shareOf = (winner: tf.Tensor, tap: number, dy: tf.Tensor4D): tf.Tensor4D =>
  tf.where(tf.equal(winner, tap), dy, tf.zerosLike(dy));

function forEachTap(g: Geometry, visit: (row: number, column: number, tap: number) => void): void {
  for (let row = 0; row < g.filterHeight; row++) {
    for (let column = 0; column < g.filterWidth; column++) visit(row, column, row * g.filterWidth + column);
  }
}
