import type * as tf from "@tensorflow/tfjs-core";

/** A tensor of the graph and the mask that travels with it (Masking, Embedding with `maskZero`). */
export interface Value {
  readonly tensor: tf.Tensor;
  readonly mask: tf.Tensor | null;
}
