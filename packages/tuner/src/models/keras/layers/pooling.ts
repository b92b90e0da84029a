import { onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { maskedMean } from "../../../corrections/masked-pooling.ts";
import { type Args, KerasLayer, singleShape } from "./base.ts";

/**
 * Global average and max pooling with `keepdims` in any rank, and `GlobalAveragePooling1D` behind a mask. tfjs-layers ignores
 * both the option and the mask.
 */
export class KerasGlobalPooling extends KerasLayer {
  static readonly className = "KerasGlobalPooling";

  constructor(args: Args) {
    super(args, ["function", "keepdims", "dataFormat"]);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs?: { mask?: tf.Tensor | tf.Tensor[] | null }): tf.Tensor {
    return tf.tidy(() => {
      const x = onlyTensor(inputs);
      const axes = this.#axes(x.rank);
      const keep = this.options.keepdims === true;
      if (this.options.function === "max") return tf.max(x, axes, keep);
      const mask = kwargs?.mask;
      if (!mask || x.rank !== 3) return tf.mean(x, axes, keep);
      return maskedMean(x as tf.Tensor3D, onlyTensor(mask), axes[0] as number, keep);
    });
  }

  override computeOutputShape(shape: tfl.Shape | tfl.Shape[]): tfl.Shape {
    const sizes = singleShape(shape);
    const axes = this.#axes(sizes.length);
    if (this.options.keepdims === true) return sizes.map((size, axis) => (axes.includes(axis) ? 1 : size));
    return sizes.filter((_, axis) => !axes.includes(axis));
  }

  override computeMask(): tf.Tensor {
    return null as never;
  }

  #axes(rank: number): number[] {
    const first = this.options.dataFormat === "channelsFirst" ? 2 : 1;
    return Array.from({ length: rank - 2 }, (_, i) => first + i);
  }
}

/** Length changes of a series [batch, length, channels] that tfjs-layers lacks: padding, cropping and repeating. */
export class KerasLength extends KerasLayer {
  static readonly className = "KerasLength";

  constructor(args: Args) {
    super(args, ["before", "after", "repeat"]);
    this.supportsMasking = false;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { before, after, repeat } = this.#numbers();
    return tf.tidy(() => {
      let x = onlyTensor(inputs);
      const [batch, length, channels] = x.shape as [number, number, number];
      if (before < 0 || after < 0)
        x = tf.slice(
          x,
          [0, Math.max(-before, 0), 0],
          [batch, length + Math.min(before, 0) + Math.min(after, 0), channels],
        );
      if (before > 0 || after > 0)
        x = tf.pad(x, [[0, 0] as [number, number], [Math.max(before, 0), Math.max(after, 0)], [0, 0]]);
      if (repeat === 1) return x;
      const spread = tf.tile(tf.expandDims(x, 2), [1, 1, repeat, 1]);
      return tf.reshape(spread, [batch, -1, channels]);
    });
  }

  override computeOutputShape(shape: tfl.Shape | tfl.Shape[]): tfl.Shape {
    const [batch = null, length = null, channels = null] = singleShape(shape);
    const { before, after, repeat } = this.#numbers();
    return [batch, length === null ? null : (length + before + after) * repeat, channels];
  }

  #numbers(): { before: number; after: number; repeat: number } {
    const { before, after, repeat } = this.options as Record<string, number | null>;
    return { before: before ?? 0, after: after ?? 0, repeat: repeat ?? 1 };
  }
}
