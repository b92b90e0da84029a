import * as tf from "@tensorflow/tfjs-core";

/** Ways to compute a pixel from its neighbours. */
export type ResizeMethod = "bilinear" | "nearest";

/**
 * Resizes [batch, height, width, channels] to `size` as Keras does: the centres of pixels lie at half units. The gradient is computed here, because the gradient kernels of tfjs-core ignore
 * `halfPixelCenters`.
 */
export function resizeByCentres(x: tf.Tensor4D, size: [number, number], method: ResizeMethod): tf.Tensor4D {
  const [, h, w] = x.shape;
  const run = tf.customGrad((input) => {
    const value =
      method === "nearest"
        ? tf.image.resizeNearestNeighbor(input as tf.Tensor4D, size, false, true)
        : tf.image.resizeBilinear(input as tf.Tensor4D, size, false, true);
    const gradFunc = (dy: tf.Tensor): tf.Tensor =>
      alongAxis(alongAxis(dy, shares(h, size[0], method), 1), shares(w, size[1], method), 2);
    return { value, gradFunc };
  });
  return run(x) as tf.Tensor4D;
}

/** Multiplies one axis of a value of rank 4 by a matrix [to, from]. */
function alongAxis(x: tf.Tensor, matrix: tf.Tensor2D, axis: 1 | 2): tf.Tensor {
  const order = axis === 1 ? [1, 0, 2, 3] : [2, 0, 1, 3];
  const back = axis === 1 ? [1, 0, 2, 3] : [1, 2, 0, 3];
  const turned = tf.transpose(x, order);
  const product = tf.matMul(matrix, tf.reshape(turned, [turned.shape[0] as number, -1]));
  return tf.transpose(tf.reshape(product, [matrix.shape[0], ...turned.shape.slice(1)]), back);
}

/** Returns the matrix [from, to] of the share that each of `from` pixels has in each of `to` resized pixels. */
function shares(from: number, to: number, method: ResizeMethod): tf.Tensor2D {
  const matrix = new Float32Array(from * to);
  const add = (pixel: number, i: number, share: number): void => {
    const inside = Math.min(Math.max(pixel, 0), from - 1);
    matrix[inside * to + i] = (matrix[inside * to + i] as number) + share;
  };
  for (let i = 0; i < to; i++) {
    const centre = ((i + 0.5) * from) / to;
    if (method === "nearest") {
      add(Math.floor(centre), i, 1);
    } else {
      const low = Math.floor(centre - 0.5);
      const share = centre - 0.5 - low;
      add(low, i, 1 - share);
      add(low + 1, i, share);
    }
  }
  return tf.tensor2d(matrix, [from, to]);
}
