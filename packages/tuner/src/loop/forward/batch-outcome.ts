import * as tf from "@tensorflow/tfjs-core";

/** What a batch gave. The tensors are the caller's. */
export interface BatchOutcome {
  readonly loss: tf.Scalar;
  /** Of each output, without regularizers, where there are several. */
  readonly each: readonly tf.Scalar[];
  /** The metrics' statistics: of each output in turn, of each metric in turn. */
  readonly metrics: readonly tf.Tensor[];
}

export function disposeOutcome({ loss, each, metrics }: BatchOutcome): void {
  tf.dispose([loss, ...each, ...metrics]);
}
