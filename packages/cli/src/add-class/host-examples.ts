import type { ReadRunData } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { UsageError } from "../terminal/errors.ts";

/** Inputs of a model and class numbers, as tensors that the caller frees. */
export interface LabelledTensors {
  readonly xs: tf.Tensor;
  readonly ys: tf.Tensor;
}

interface Column {
  readonly values: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** Copies examples to the backend. @throws UsageError if the data are not arrays of numbers, one for inputs and one for labels */
export function labelledTensors(data: ReadRunData["data"]): LabelledTensors {
  const { xs, ys } = data as { readonly xs?: Partial<Column>; readonly ys?: Partial<Column> };
  return { xs: tensorOf(xs), ys: tensorOf(ys) };
}

function tensorOf(column: Partial<Column> | undefined): tf.Tensor {
  if (column instanceof tf.Tensor) return column.clone();
  if (column?.values && column.shape) return tf.tensor(column.values, [...column.shape]);
  throw new UsageError(
    "The data source of the recipe gives no arrays of one input and its labels.",
    'graft add-class takes the data sources "images", "sounds" and "table".',
  );
}
