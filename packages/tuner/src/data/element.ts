import * as tf from "@tensorflow/tfjs-core";
import type { ExampleData, TensorData } from "./columns.ts";

/** Numbers without a tensor: nested arrays, or a flat typed array with the examples' shape. */
export type ArrayData =
  | tf.TensorLike
  | { readonly values: Float32Array | Int32Array | Uint8Array; readonly shape: readonly number[] };

/** Examples as plain arrays: tensors are made, and freed when the run ends. */
export interface ArrayExamples {
  readonly xs: ArrayData;
  readonly ys: ArrayData;
}

/** What a data set or an iterable gives: one example, or a batch with the examples on axis 0. */
export type Element = ExampleData | ArrayExamples;

/** As much of a `tf.data.Dataset` as is used. */
export interface DatasetLike {
  iterator(): Promise<{ next(): Promise<{ readonly value?: unknown; readonly done?: boolean }> }>;
}

/** Examples as tensors, and what frees those that were made on the way. */
export interface OwnedExamples {
  readonly examples: ExampleData;
  dispose(): void;
}

/** Arrays become tensors; tensors are passed on. */
export function fromArrays({ xs, ys }: Element): OwnedExamples {
  const made: tf.Tensor[] = [];
  const one = (given: TensorData | ArrayData): TensorData => {
    if (isTensors(given)) return given;
    const data: ArrayData = given as ArrayData;
    const tensor = isShaped(data)
      ? tf.tensor(data.values, [...data.shape], data.values instanceof Float32Array ? "float32" : "int32")
      : tf.tensor(data as tf.TensorLike);
    made.push(tensor);
    return tensor;
  };
  return { examples: { xs: one(xs), ys: one(ys) }, dispose: () => tf.dispose(made) };
}

function isShaped(data: ArrayData): data is Extract<ArrayData, { readonly shape: readonly number[] }> {
  return typeof data === "object" && !Array.isArray(data) && !ArrayBuffer.isView(data) && "shape" in data;
}

function isTensors(data: TensorData | ArrayData): data is TensorData {
  if (data instanceof tf.Tensor) return true;
  if (typeof data !== "object" || data === null || ArrayBuffer.isView(data)) return false;
  return Object.values(data).length > 0 && Object.values(data).every((value) => value instanceof tf.Tensor);
}

/** Tensors of an element, with their names where it names them. */
export function flat(data: TensorData): { tensors: readonly tf.Tensor[]; names: readonly string[] | undefined } {
  if (data instanceof tf.Tensor) return { tensors: [data], names: undefined };
  if (Array.isArray(data)) return { tensors: data as tf.Tensor[], names: undefined };
  return { tensors: Object.values(data as object) as tf.Tensor[], names: Object.keys(data) };
}
