import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { LoadError } from "../../../files/load-error.ts";
import { type Args, KerasLayer, type Sizes } from "./base.ts";

type Fn = (...operands: tf.Tensor[]) => tf.Tensor;

/** Operations of `keras.ops` that a functional model may call on its values, by class name with a small first letter. The shape of each follows by broadcasting. */
export const OPERATIONS: Readonly<Record<string, Fn>> = {
  add: tf.add as Fn,
  subtract: tf.sub as Fn,
  multiply: tf.mul as Fn,
  divide: tf.div as Fn,
  trueDivide: tf.div as Fn,
  maximum: tf.maximum as Fn,
  minimum: tf.minimum as Fn,
  power: tf.pow as Fn,
  negative: tf.neg as Fn,
  absolute: tf.abs as Fn,
  square: tf.square as Fn,
  sqrt: tf.sqrt as Fn,
  exp: tf.exp as Fn,
  log: tf.log as Fn,
  tanh: tf.tanh as Fn,
  relu: tf.relu as Fn,
  relu6: tf.relu6 as Fn,
  sigmoid: tf.sigmoid as Fn,
  softplus: tf.softplus as Fn,
  silu: (x) => tf.mul(x as tf.Tensor, tf.sigmoid(x as tf.Tensor)),
};

/**
 * One call of an operation of `keras.ops`, such as `x + 3.0` in a functional model, and the merging layer `Subtract`. The operands
 * are the layer's inputs, in order, and numbers.
 */
export class KerasOperation extends KerasLayer {
  static readonly className = "KerasOperation";

  /** Reads `operation` and `operands`: null for the next input, or a number. */
  constructor(args: Args) {
    super(args, ["operation", "operands"]);
    // In Keras the value of an operation has no mask.
    this.supportsMasking = false;
    if (!Object.hasOwn(OPERATIONS, String(args.operation)))
      throw new LoadError(
        `Layer \`${this.name}\` is the operation ${String(args.operation)}, which is not supported.`,
        `These are: ${Object.keys(OPERATIONS).join(", ")}.`,
      );
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const given = Array.isArray(inputs) ? [...inputs] : [inputs];
      const operands = (this.options.operands as (number | null)[]).map(
        (operand) => (operand === null ? given.shift() : tf.scalar(operand)) as tf.Tensor,
      );
      return (OPERATIONS[this.options.operation as string] as Fn)(...operands);
    });
  }

  override computeOutputShape(shape: tfl.Shape | tfl.Shape[]): tfl.Shape {
    const shapes = (Array.isArray(shape[0]) ? shape : [shape]) as Sizes[];
    return shapes.reduce(broadcast);
  }
}

/** Returns the shape of two broadcast values. A size that is not fixed stays so unless the other is larger than 1. */
function broadcast(a: Sizes, b: Sizes): Sizes {
  const rank = Math.max(a.length, b.length);
  const at = (sizes: Sizes, i: number): number | null => {
    const index = i - rank + sizes.length;
    return index < 0 ? 1 : (sizes[index] as number | null);
  };
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [at(a, i), at(b, i)];
    if (x === 1) return y;
    return y === 1 || y === null ? x : y;
  });
}
