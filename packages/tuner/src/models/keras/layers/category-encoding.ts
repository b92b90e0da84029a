import { onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { type Args, KerasLayer, singleShape } from "./base.ts";

/** `CategoryEncoding` of class numbers: `multi_hot`, `count` and `one_hot`. tfjs-layers gives the model's input another shape. */
export class KerasCategoryEncoding extends KerasLayer {
  static readonly className = "KerasCategoryEncoding";

  constructor(args: Args) {
    super(args, ["numTokens", "outputMode"]);
    this.supportsMasking = false;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = onlyTensor(inputs);
      const hot = tf.cast(tf.oneHot(tf.cast(x, "int32"), this.options.numTokens as number), "float32");
      if (this.#oneEach(x.rank)) return x.rank > 1 && x.shape[x.rank - 1] === 1 ? tf.squeeze(hot, [x.rank - 1]) : hot;
      const counts = tf.sum(hot, x.rank - 1);
      return this.options.outputMode === "count" ? counts : tf.minimum(counts, 1);
    });
  }

  override computeOutputShape(shape: tfl.Shape | tfl.Shape[]): tfl.Shape {
    const sizes = singleShape(shape);
    const tokens = this.options.numTokens as number;
    if (!this.#oneEach(sizes.length)) return [...sizes.slice(0, -1), tokens];
    return sizes.length > 1 && sizes.at(-1) === 1 ? [...sizes.slice(0, -1), tokens] : [...sizes, tokens];
  }

  /** Tells whether each number has a row of its own. */
  #oneEach(rank: number): boolean {
    return this.options.outputMode === "oneHot" || rank === 1;
  }
}
