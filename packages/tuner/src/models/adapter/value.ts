import type * as tf from "@tensorflow/tfjs-core";

/** A tensor in the graph with its mask, if any (from Masking, or Embedding with `maskZero`). */
export interface Value {
  readonly tensor: tf.Tensor;
  readonly mask: tf.Tensor | null;
}
