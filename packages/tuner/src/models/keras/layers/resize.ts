import { onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { type ResizeMethod, resizeByCentres } from "../../../corrections/resize.ts";
import { type Args, KerasLayer, type Sizes, singleShape } from "./base.ts";

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
      const made = resizeByCentres(cut, size, this.options.interpolation as ResizeMethod);
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
