import * as tf from "@tensorflow/tfjs-core";
import type { Value } from "../../models/adapter/value.ts";
import { disposeValues } from "../trunk/features.ts";

/** A batch at the cut. */
export interface Batch {
  readonly values: readonly Value[];
  readonly labels: readonly tf.Tensor[];
  readonly size: number;
}

export function disposeBatch({ values, labels }: Batch): void {
  disposeValues(values);
  tf.dispose(labels as tf.Tensor[]);
}
