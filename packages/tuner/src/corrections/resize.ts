import * as tf from "@tensorflow/tfjs-core";

/** Ways to compute a pixel from its neighbours. */
export type ResizeMethod = "bilinear" | "nearest";

/** Kernels that resize, with their ways to compute a pixel. */
const KERNELS = { ResizeBilinear: "bilinear", ResizeNearestNeighbor: "nearest" } as const;
export const RESIZES: readonly string[] = Object.keys(KERNELS);

/** Places of resized pixels among the given ones, as tfjs's kernels take them. */
interface Places {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}
const CENTRES: Places = { alignCorners: false, halfPixelCenters: true };

/**
 * Corrects the gradient of a resize. The gradient kernels of tfjs ignore `halfPixelCenters`. On cpu the one of nearest neighbours mixes
 * the pictures of a batch, and the bilinear one swaps height and width.
 */
export function resizeGradient(stock: tf.GradFunc, kernelName: string): tf.GradFunc {
  const method = KERNELS[kernelName as keyof typeof KERNELS];
  return (dy, saved, attrs) => {
    const places = attrs as unknown as Places;
    const stockErrs = places.halfPixelCenters || tf.getBackend() === "cpu";
    if (!stockErrs) return stock(dy, saved, attrs);
    return { images: () => resizedBack(dy as tf.Tensor4D, saved[0] as tf.Tensor4D, method, places) };
  };
}

/**
 * Resizes [batch, height, width, channels] to `size` as Keras does: the centres of pixels lie at half units. The gradient is computed here, because the gradient kernels of tfjs-core ignore
 * `halfPixelCenters`.
 */
export function resizeByCentres(x: tf.Tensor4D, size: [number, number], method: ResizeMethod): tf.Tensor4D {
  const run = tf.customGrad((input) => {
    const value =
      method === "nearest"
        ? tf.image.resizeNearestNeighbor(input as tf.Tensor4D, size, false, true)
        : tf.image.resizeBilinear(input as tf.Tensor4D, size, false, true);
    return { value, gradFunc: (dy: tf.Tensor) => resizedBack(dy as tf.Tensor4D, x, method, CENTRES) };
  });
  return run(x) as tf.Tensor4D;
}

/** Gives each pixel of `x` the gradients of the resized pixels that it has a share in. */
function resizedBack(dy: tf.Tensor4D, x: tf.Tensor4D, method: ResizeMethod, places: Places): tf.Tensor {
  const [from, to] = [x.shape, dy.shape];
  const rows = alongAxis(dy, shares(from[1], to[1], method, places), 1);
  return alongAxis(rows, shares(from[2], to[2], method, places), 2);
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
function shares(from: number, to: number, method: ResizeMethod, places: Places): tf.Tensor2D {
  const matrix = new Float32Array(from * to);
  const add = (pixel: number, i: number, share: number): void => {
    const inside = Math.min(Math.max(pixel, 0), from - 1);
    matrix[inside * to + i] = (matrix[inside * to + i] as number) + share;
  };
  const { alignCorners, halfPixelCenters } = places;
  const ratio = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  for (let i = 0; i < to; i++) {
    const place = ratio * (halfPixelCenters ? i + 0.5 : i);
    if (method === "nearest") {
      add(alignCorners ? Math.round(place) : Math.floor(place), i, 1);
    } else {
      const centre = halfPixelCenters ? place - 0.5 : place;
      const low = Math.floor(centre);
      add(low, i, 1 - (centre - low));
      add(low + 1, i, centre - low);
    }
  }
  return tf.tensor2d(matrix, [from, to]);
}
