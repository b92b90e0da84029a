import { onlyTensor } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { type Args, KerasLayer } from "./base.ts";

/** `ReLU` with a slope below the threshold, or with a threshold. tfjs-layers ignores both options. */
export class KerasReLU extends KerasLayer {
  static readonly className = "KerasReLU";

  constructor(args: Args) {
    super(args, ["maxValue", "negativeSlope", "threshold"]);
  }

  /** Computes `keras.activations.relu`: x above the threshold, clipped to 0 … `maxValue`, and slope · (x − threshold) below it. */
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { maxValue, negativeSlope, threshold } = this.options as Record<string, number | null>;
    const bound = threshold ?? 0;
    return tf.tidy(() => {
      const x = onlyTensor(inputs);
      // Comparisons have no gradient in tfjs-core, and `step` has.
      const above = bound === 0 ? tf.relu(x) : tf.mul(x, tf.step(tf.sub(x, bound)));
      const clipped = maxValue === null || maxValue === undefined ? above : tf.clipByValue(above, 0, maxValue);
      return negativeSlope ? tf.sub(clipped, tf.mul(tf.relu(tf.sub(bound, x)), negativeSlope)) : clipped;
    });
  }
}

/** `ELU` with another `alpha` than 1. tfjs-layers refuses it. */
export class KerasELU extends KerasLayer {
  static readonly className = "KerasELU";

  constructor(args: Args) {
    super(args, ["alpha"]);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = onlyTensor(inputs);
      const below = tf.mul(tf.elu(tf.minimum(x, 0)), this.options.alpha as number);
      return tf.add(tf.relu(x), below);
    });
  }
}

/** `Softmax` over another axis than the last. tfjs-core's softmax refuses it. */
export class KerasSoftmax extends KerasLayer {
  static readonly className = "KerasSoftmax";

  constructor(args: Args) {
    super(args, ["axis"]);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = onlyTensor(inputs);
      const axis = this.options.axis as number | number[];
      const shifted = tf.sub(x, tf.max(x, axis, true));
      const powers = tf.exp(shifted);
      return tf.div(powers, tf.sum(powers, axis, true));
    });
  }
}

/** `UnitNormalization`: scales a vector along `axis` to length 1. */
export class KerasUnitNormalization extends KerasLayer {
  static readonly className = "KerasUnitNormalization";

  constructor(args: Args) {
    super(args, ["axis"]);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const x = onlyTensor(inputs);
      const squares = tf.sum(tf.square(x), this.options.axis as number | number[], true);
      return tf.mul(x, tf.rsqrt(tf.maximum(squares, 1e-12)));
    });
  }
}
