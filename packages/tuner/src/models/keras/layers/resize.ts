import { onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { type Args, KerasLayer, type Sizes, singleShape } from "./base.ts";

type Method = "bilinear" | "nearest";

/**
 * Resizes pictures as Keras does: the centres of pixels lie at half units. `UpSampling2D` of tfjs-layers places them at whole units
 * instead. Its `Resizing` cannot be built into a model.
 */
export class KerasResize extends KerasLayer {
  static readonly className = "KerasResize";

  /** Reads either `factors`, or `height` and `width`. `crop`: cuts the picture's middle in the target's proportions first. */
  constructor(args: Args) {
    super(args, ["factors", "height", "width", "interpolation", "dataFormat", "crop"]);
    this.supportsMasking = false;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = onlyTensor(inputs);
      const first = this.options.dataFormat === "channelsFirst";
      const input = (first ? tf.transpose(x, [0, 2, 3, 1]) : x) as tf.Tensor4D;
      const size = this.#size(input.shape[1], input.shape[2]) as [number, number];
      const cut = this.options.crop === true ? middle(input, size) : input;
      const made = resize(cut, size, this.options.interpolation as Method);
      return first ? tf.transpose(made, [0, 3, 1, 2]) : made;
    });
  }

  override computeOutputShape(shape: tfl.Shape | tfl.Shape[]): tfl.Shape {
    const sizes = singleShape(shape);
    const at = this.options.dataFormat === "channelsFirst" ? 2 : 1;
    sizes.splice(at, 2, ...this.#size(sizes[at] ?? null, sizes[at + 1] ?? null));
    return sizes;
  }

  #size(height: number | null, width: number | null): Sizes {
    const factors = this.options.factors as number[] | null;
    if (!factors) return [this.options.height as number, this.options.width as number];
    return [height, width].map((size, i) => (size === null ? null : size * (factors[i] as number)));
  }
}

/** Cuts the largest rectangle with the proportions of `size` out of the middle, as `crop_to_aspect_ratio` does. */
function middle(x: tf.Tensor4D, [height, width]: [number, number]): tf.Tensor4D {
  const [batch, h, w, channels] = x.shape;
  const rows = Math.min(h, Math.trunc((w * height) / width));
  const columns = Math.min(w, Math.trunc((h * width) / height));
  const top = Math.trunc((h - rows) / 2);
  const left = Math.trunc((w - columns) / 2);
  return tf.slice(x, [0, top, left, 0], [batch, rows, columns, channels]);
}

/**
 * Resizes [batch, height, width, channels]. The gradient is computed here, because the gradient kernels of tfjs-core ignore
 * `halfPixelCenters`.
 */
function resize(x: tf.Tensor4D, size: [number, number], method: Method): tf.Tensor4D {
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
function shares(from: number, to: number, method: Method): tf.Tensor2D {
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
