import * as tf from "@tensorflow/tfjs-core";
import { DataError } from "../data-error.ts";
import type { ExampleData, TensorData } from "./columns.ts";
import { convertNested, type NumberArray, tensorValues } from "./typed-arrays.ts";

/** Numbers as nested arrays, or as a flat typed array with a shape. */
export type ArrayData =
  | tf.TensorLike
  | NumberArray
  | { readonly values: NumberArray; readonly shape: readonly number[] };

/** Several inputs or outputs by the names of the model's inputs or outputs. Tensors among them are used unchanged. */
export interface NamedArrays {
  readonly [name: string]: ArrayData | tf.Tensor;
}

/** Examples as plain arrays. The run converts them to tensors and frees these when it ends. */
export interface ArrayExamples {
  readonly xs: ArrayData | NamedArrays;
  readonly ys: ArrayData | NamedArrays;
  /** Factor on the loss of each example: [examples]. Of a single example: a number. */
  readonly sampleWeights?: ArrayData | tf.Tensor;
}

/** An element of a data set or an iterable: one example, or a batch with the examples on axis 0. */
export type Element = ExampleData | ArrayExamples;

/** The part of `tf.data.Dataset` that Graft uses. */
export interface DatasetLike {
  iterator(): Promise<{ next(): Promise<{ readonly value?: unknown; readonly done?: boolean }> }>;
}

/** Examples as tensors. `dispose` frees the tensors that were created for them. */
export interface OwnedExamples {
  readonly examples: ExampleData;
  dispose(): void;
}

/** Converts arrays to tensors; uses tensors unchanged. @throws DataError if an array cannot be converted. */
export function fromArrays({ xs, ys, sampleWeights }: Element): OwnedExamples {
  const made: tf.Tensor[] = [];
  const column = (data: ArrayData, what: string): tf.Tensor => {
    try {
      const given = isShaped(data) ? tensorValues(data.values) : (convertNested(data) as tf.TensorLike);
      const tensor = isShaped(data) ? tf.tensor(given, [...data.shape]) : tf.tensor(given);
      made.push(tensor);
      if (!isShaped(data) && !isEven(given, tensor.shape)) throw new Error("its rows have different shapes");
      return tensor;
    } catch (cause) {
      throw new DataError(`${what} is not an array of examples: ${(cause as Error).message}`, HINT, { cause });
    }
  };
  const part = (given: TensorData | ArrayData | NamedArrays, what: string): TensorData => {
    if (isTensors(given)) return given;
    if (!isNamed(given)) return column(given as ArrayData, what);
    return Object.fromEntries(
      Object.entries(given).map(([name, data]) => [
        name,
        data instanceof tf.Tensor ? data : column(data, `${what}.${name}`),
      ]),
    );
  };
  try {
    const weights =
      sampleWeights === undefined || sampleWeights instanceof tf.Tensor
        ? sampleWeights
        : column(sampleWeights, "sampleWeights");
    const examples = { xs: part(xs, "xs"), ys: part(ys, "ys"), ...(weights && { sampleWeights: weights }) };
    return { examples, dispose: () => tf.dispose(made) };
  } catch (error) {
    tf.dispose(made);
    throw error;
  }
}

const HINT = "Give nested arrays of one shape, or { values, shape } with a typed array. Give several inputs by name.";

/** Tells whether all rows have the shape of the first. tfjs does not check this and would read beyond the end of shorter rows. */
function isEven(data: unknown, [length, ...rest]: readonly number[]): boolean {
  if (ArrayBuffer.isView(data)) return (data as Float32Array).length === length && rest.length === 0;
  if (!Array.isArray(data)) return length === undefined;
  return data.length === length && (data as readonly unknown[]).every((row) => isEven(row, rest));
}

function isShaped(data: ArrayData): data is Extract<ArrayData, { readonly shape: readonly number[] }> {
  return isRecord(data) && "shape" in data && "values" in data;
}

function isNamed(data: ArrayData | NamedArrays | TensorData): data is NamedArrays {
  return isRecord(data) && !isShaped(data as ArrayData);
}

function isRecord(data: unknown): data is object {
  return typeof data === "object" && data !== null && !Array.isArray(data) && !ArrayBuffer.isView(data);
}

function isTensors(data: TensorData | ArrayData | NamedArrays): data is TensorData {
  if (data instanceof tf.Tensor) return true;
  if (typeof data !== "object" || data === null || ArrayBuffer.isView(data)) return false;
  return Object.values(data).length > 0 && Object.values(data).every((value) => value instanceof tf.Tensor);
}

/** Returns the tensors of an element, and their names if it has names. */
export function flat(data: TensorData): { tensors: readonly tf.Tensor[]; names: readonly string[] | undefined } {
  if (data instanceof tf.Tensor) return { tensors: [data], names: undefined };
  if (Array.isArray(data)) return { tensors: data as tf.Tensor[], names: undefined };
  return { tensors: Object.values(data as object) as tf.Tensor[], names: Object.keys(data) };
}
