import * as tf from "@tensorflow/tfjs-core";
import type { Geometry } from "../shapes/window-geometry.ts";

/** Padding around [batch, height, width, channels]; a negative number at the bottom or right crops. */
export interface Margins {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** The padding under which every filter tap reads exactly the pixels it uses: tfjs's own padding may be short or long there. */
export function exactMargins(g: Geometry): Margins {
  const { top, left } = g.padInfo;
  return {
    top,
    left,
    bottom: (g.outHeight - 1) * g.strideHeight + (g.filterHeight - 1) * g.dilationHeight + 1 - g.inHeight - top,
    right: (g.outWidth - 1) * g.strideWidth + (g.filterWidth - 1) * g.dilationWidth + 1 - g.inWidth - left,
  };
}

/** Pads with `value`, or crops where a margin is negative. */
export function padOrCrop(x: tf.Tensor4D, margins: Margins, value = 0): tf.Tensor4D {
  const { top, bottom, left, right } = margins;
  const [batch, height, width, channels] = x.shape;
  const cropTop = Math.max(0, -top);
  const cropLeft = Math.max(0, -left);
  const cropped = [top, bottom, left, right].some((m) => m < 0)
    ? tf.slice(
        x,
        [0, cropTop, cropLeft, 0],
        [batch, height - cropTop - Math.max(0, -bottom), width - cropLeft - Math.max(0, -right), channels],
      )
    : x;
  const pads = [top, bottom, left, right].map((m) => Math.max(0, m)) as [number, number, number, number];
  if (pads.every((p) => p === 0)) return cropped;
  return tf.pad4d(
    cropped,
    [
      [0, 0],
      [pads[0], pads[1]],
      [pads[2], pads[3]],
      [0, 0],
    ],
    value,
  );
}

/** What filter tap (row, column) reads of the padded input: [batch, outHeight, outWidth, channels]. */
export function tapSlice(padded: tf.Tensor4D, g: Geometry, row: number, column: number): tf.Tensor4D {
  const top = row * g.dilationHeight;
  const left = column * g.dilationWidth;
  const [batch, , , channels] = padded.shape;
  if (g.strideHeight === 1 && g.strideWidth === 1) {
    return tf.slice(padded, [0, top, left, 0], [batch, g.outHeight, g.outWidth, channels]);
  }
  return tf.stridedSlice(
    padded,
    [0, top, left, 0],
    [batch, top + (g.outHeight - 1) * g.strideHeight + 1, left + (g.outWidth - 1) * g.strideWidth + 1, channels],
    [1, g.strideHeight, g.strideWidth, 1],
  ) as tf.Tensor4D;
}

/** Puts stride − 1 zeros behind every pixel: the transpose of reading with a stride. */
export function insertZeros(y: tf.Tensor4D, strideHeight: number, strideWidth: number): tf.Tensor4D {
  const [batch, height, width, channels] = y.shape;
  let z: tf.Tensor = y;
  if (strideWidth > 1) {
    z = tf.pad2d(tf.reshape(z, [batch * height * width, channels]), [
      [0, 0],
      [0, (strideWidth - 1) * channels],
    ]);
  }
  const row = width * strideWidth * channels;
  if (strideHeight > 1)
    z = tf.pad2d(tf.reshape(z, [batch * height, row]), [
      [0, 0],
      [0, (strideHeight - 1) * row],
    ]);
  return tf.reshape(z, [batch, height * strideHeight, width * strideWidth, channels]) as tf.Tensor4D;
}
