import { onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { type Args, KerasLayer, singleShape } from "./base.ts";

/** `keras.config.epsilon()`, the least deviation that `Normalization` divides by. */
const EPSILON = 1e-7;

/**
 * `Normalization`: subtracts a mean and divides by a deviation. Both come from the options, or from weights that `adapt` made. They
 * are not trained.
 */
export class KerasNormalization extends KerasLayer {
  static readonly className = "KerasNormalization";
  #shape: number[] = [];
  #mean: tfl.LayerVariable | undefined;
  #variance: tfl.LayerVariable | undefined;

  constructor(args: Args) {
    super(args, ["axis", "invert", "mean", "variance"]);
  }

  override build(shape: tfl.Shape | tfl.Shape[]): void {
    const sizes = singleShape(shape);
    const kept = this.#axes(sizes.length);
    this.#shape = sizes.map((size, axis) => (kept.includes(axis) ? (size as number) : 1));
    if (this.options.mean === null) {
      const weight = kept.map((axis) => sizes[axis] as number);
      this.#mean = this.addWeight("mean", weight, "float32", tfl.initializers.zeros(), undefined, false);
      this.#variance = this.addWeight("variance", weight, "float32", tfl.initializers.ones(), undefined, false);
    }
    super.build(shape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = tf.cast(onlyTensor(inputs), "float32");
      const mean = this.#value(this.#mean, "mean");
      const deviation = tf.maximum(tf.sqrt(this.#value(this.#variance, "variance")), EPSILON);
      return this.options.invert === true ? tf.add(mean, tf.mul(x, deviation)) : tf.div(tf.sub(x, mean), deviation);
    });
  }

  /** Shapes the statistics so that they fit the input: size 1 on every axis over which they were taken. */
  #value(weight: tfl.LayerVariable | undefined, option: "mean" | "variance"): tf.Tensor {
    if (weight) return tf.reshape(weight.read(), this.#shape);
    const given = tf.tensor(this.options[option] as tf.TensorLike, undefined, "float32");
    if (given.size === 1) return tf.reshape(given, []);
    const kept = this.#axes(this.#shape.length);
    const shape = this.#shape.map(() => 1);
    given.shape.forEach((size, i) => {
      shape[kept[kept.length - given.rank + i] as number] = size;
    });
    return tf.reshape(given, shape);
  }

  /** Lists the axes with statistics of their own, ascending. */
  #axes(rank: number): number[] {
    const { axis } = this.options;
    const list = axis === null ? [] : Array.isArray(axis) ? (axis as number[]) : [axis as number];
    return list.map((one) => (one < 0 ? one + rank : one)).sort((a, b) => a - b);
  }
}

/** `LayerScale` of ConvNeXt in keras.applications: multiplies each channel by a trained factor. */
export class KerasLayerScale extends KerasLayer {
  static readonly className = "KerasLayerScale";
  #gamma: tfl.LayerVariable | undefined;

  constructor(args: Args) {
    super(args, ["initValues", "projectionDim"]);
  }

  override build(shape: tfl.Shape | tfl.Shape[]): void {
    const initializer = tfl.initializers.constant({ value: this.options.initValues as number });
    this.#gamma = this.addWeight("gamma", [this.options.projectionDim as number], "float32", initializer);
    super.build(shape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => tf.mul(onlyTensor(inputs), (this.#gamma as tfl.LayerVariable).read()));
  }
}
