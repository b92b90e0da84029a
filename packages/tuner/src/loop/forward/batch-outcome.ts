import * as tf from "@tensorflow/tfjs-core";

/** Loss and metrics of a batch. The tensors belong to the caller. */
export interface BatchOutcome {
  readonly loss: tf.Scalar;
  /** Loss of each output without regularizers, if there are several outputs. */
  readonly each: readonly tf.Scalar[];
  /** Statistics of the metrics: all metrics of the first output, then those of the next. */
  readonly metrics: readonly tf.Tensor[];
}

export function disposeOutcome({ loss, each, metrics }: BatchOutcome): void {
  tf.dispose([loss, ...each, ...metrics]);
}
