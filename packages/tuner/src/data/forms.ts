import * as tf from "@tensorflow/tfjs-core";
import { DataError, type ExampleData, type TensorData } from "./columns.ts";

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
  iterator(): Promise<{ next(): Promise<{ readonly value: unknown; readonly done: boolean }> }>;
}

/**
 * Where examples come from. Tensors stay the caller's. A `tf.data.Dataset` or an (async) iterable is read once into memory,
 * so that it can be shuffled, cached and resumed; it must end.
 */
export type Data = ExampleData | ArrayExamples | DatasetLike | AsyncIterable<Element> | Iterable<Element>;

/** Examples as tensors, and what frees those that were made on the way. */
export interface OwnedExamples {
  readonly examples: ExampleData;
  dispose(): void;
}

/**
 * @param rank rank of the model's first input, batch axis included: tells one example from a batch.
 * @throws DataError where there is nothing, or elements do not go together.
 */
export async function examplesOf(data: Data, rank: number, what = "data"): Promise<OwnedExamples> {
  if (typeof data !== "object" || data === null) {
    throw new DataError(
      `${what} is ${String(data)}.`,
      "Give { xs, ys }, a tf.data.Dataset or an iterable of { xs, ys }.",
    );
  }
  if ("xs" in data && "ys" in data) return fromArrays(data);
  const made: tf.Tensor[][] = [];
  const shapes: { names: { xs: Names; ys: Names } }[] = [];
  try {
    for await (const element of elements(data, what)) {
      const { examples, dispose } = fromArrays(element);
      const xs = flat(examples.xs);
      const ys = flat(examples.ys);
      shapes[0] ??= { names: { xs: xs.names, ys: ys.names } };
      const batched = xs.tensors[0]?.rank === rank;
      made.push([...xs.tensors, ...ys.tensors].map((t) => (batched ? tf.clone(t) : tf.expandDims(t, 0))));
      dispose();
      // What a data set hands out is handed over.
      if ("iterator" in data) tf.dispose([...xs.tensors, ...ys.tensors].filter((t) => !t.isDisposed));
    }
    const [first] = made;
    if (!first || !shapes[0])
      throw new DataError(`${what} holds no example.`, "Is the data set empty, or was it read already?");
    const joined = first.map((_, k) =>
      joinRows(
        made.map((row) => row[k] as tf.Tensor),
        what,
      ),
    );
    const { xs, ys } = shapes[0].names;
    const count = xs === undefined ? 1 : xs.length;
    const examples = { xs: named(xs, joined.slice(0, count)), ys: named(ys, joined.slice(count)) };
    return { examples, dispose: () => tf.dispose(joined) };
  } finally {
    tf.dispose(made);
  }
}

type Names = readonly string[] | undefined;

function joinRows(parts: tf.Tensor[], what: string): tf.Tensor {
  const rest = String(parts[0]?.shape.slice(1));
  const wrong = parts.findIndex(({ shape }) => String(shape.slice(1)) !== rest);
  if (wrong >= 0) {
    throw new DataError(
      `${what}: element ${wrong} is [${parts[wrong]?.shape.slice(1)}], the first [${rest}].`,
      "All examples have one shape: resize or pad them.",
    );
  }
  return parts.length === 1 ? tf.clone(parts[0] as tf.Tensor) : tf.concat(parts, 0);
}

/** Tensors of an element, with their names where it names them. */
function flat(data: TensorData): { tensors: readonly tf.Tensor[]; names: Names } {
  if (data instanceof tf.Tensor) return { tensors: [data], names: undefined };
  if (Array.isArray(data)) return { tensors: data as tf.Tensor[], names: undefined };
  return { tensors: Object.values(data as object) as tf.Tensor[], names: Object.keys(data) };
}

function named(names: Names, tensors: readonly tf.Tensor[]): TensorData {
  if (names === undefined) return tensors.length === 1 ? (tensors[0] as tf.Tensor) : tensors;
  return Object.fromEntries(names.map((name, i) => [name, tensors[i] as tf.Tensor]));
}

function fromArrays({ xs, ys }: Element): OwnedExamples {
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

async function* elements(
  data: DatasetLike | AsyncIterable<Element> | Iterable<Element>,
  what: string,
): AsyncGenerator<Element> {
  if ("iterator" in data) {
    const iterator = await data.iterator();
    for (let { value, done } = await iterator.next(); !done; { value, done } = await iterator.next())
      yield value as Element;
    return;
  }
  if (!(Symbol.asyncIterator in data) && !(Symbol.iterator in data)) {
    throw new DataError(
      `${what} has neither xs and ys, nor can it be iterated.`,
      "Give { xs, ys }, a tf.data.Dataset or an iterable of { xs, ys }.",
    );
  }
  yield* data as AsyncIterable<Element>;
}
