import type { WeightLike } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";

/** A weight of tfjs-layers that can be written. */
export interface WritableWeight extends WeightLike {
  trainable: boolean;
  read(): tf.Variable;
  write(value: tf.Tensor): unknown;
}
