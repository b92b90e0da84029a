import * as tf from "@tensorflow/tfjs-core";
import type { Margins } from "../shapes/margins.ts";
import type { Geometry } from "../shapes/window-geometry.ts";

/** Pads an image with `value`, and crops it on the sides whose margin is negative. */
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

/** Returns the part of the padded input that filter tap (row, column) reads: [batch, outHeight, outWidth, channels]. */
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

/** Inserts stride − 1 zeros after every pixel. This is the transpose of reading with a stride. */
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
