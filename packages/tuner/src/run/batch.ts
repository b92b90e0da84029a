import * as tf from "@tensorflow/tfjs-core";
import type { Value } from "../model/execute.ts";
import { disposeValues } from "../trunk/features.ts";

/** A batch at the cut. */
export interface Batch {
  readonly values: readonly Value[];
  readonly labels: readonly tf.Tensor[];
  readonly size: number;
}

/** What a batch gave. The tensors are the caller's. */
export interface BatchOutcome {
  readonly loss: tf.Scalar;
  /** Of each output, without regularizers, where there are several. */
  readonly each: readonly tf.Scalar[];
  /** The metrics' statistics: of each output in turn, of each metric in turn. */
  readonly metrics: readonly tf.Tensor[];
}

export function disposeBatch({ values, labels }: Batch): void {
  disposeValues(values);
  tf.dispose(labels as tf.Tensor[]);
}

export function disposeOutcome({ loss, each, metrics }: BatchOutcome): void {
  tf.dispose([loss, ...each, ...metrics]);
}
