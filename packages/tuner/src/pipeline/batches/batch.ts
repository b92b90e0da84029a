import * as tf from "@tensorflow/tfjs-core";
import type { Value } from "../../models/adapter/value.ts";
import { disposeValues } from "../trunk/features.ts";

/** One batch: the values at the cut and the labels. */
export interface Batch {
  readonly values: readonly Value[];
  readonly labels: readonly tf.Tensor[];
  readonly size: number;
}

/** Frees all tensors of a batch. */
export function disposeBatch({ values, labels }: Batch): void {
  disposeValues(values);
  tf.dispose(labels as tf.Tensor[]);
}
