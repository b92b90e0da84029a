import * as tf from "@tensorflow/tfjs-core";
import { DataError } from "../data-error.ts";
import type { ExampleData, TensorData } from "./columns.ts";
import { type ArrayExamples, type DatasetLike, type Element, flat, fromArrays, type OwnedExamples } from "./element.ts";

/** Examples that are in memory or are read into memory once. */
export type MemoryData = ExampleData | ArrayExamples | DatasetLike | AsyncIterable<Element> | Iterable<Element>;

/**
 * Reads examples into tensors.
 *
 * @param rank rank of the model's first input with the batch axis. It is used to tell single examples from batches.
 * @throws DataError if `data` has no examples, or its elements have different shapes.
 */
export async function examplesOf(data: MemoryData, rank: number, what = "data"): Promise<OwnedExamples> {
  if (typeof data !== "object" || data === null) {
    throw new DataError(
      `${what} is ${String(data)}.`,
      "Give { xs, ys }, a tf.data.Dataset, an iterable of { xs, ys } or { stream }.",
    );
  }
  if ("xs" in data && "ys" in data) return fromArrays(data);
  const made: tf.Tensor[][] = [];
  const shapes: { names: { xs: Names; ys: Names }; weighted: boolean }[] = [];
  try {
    for await (const element of elements(data, what)) {
      const { examples, dispose } = fromArrays(element);
      const xs = flat(examples.xs);
      const ys = flat(examples.ys);
      const weights = examples.sampleWeights ? [examples.sampleWeights] : [];
      shapes[0] ??= { names: { xs: xs.names, ys: ys.names }, weighted: weights.length > 0 };
      if (shapes[0].weighted !== weights.length > 0) {
        dispose();
        throw new DataError(
          `${what}: element ${made.length} ${weights.length > 0 ? "has" : "lacks"} sampleWeights, unlike the first.`,
          "Give them for all examples or for none. A weight of 1 changes nothing.",
        );
      }
      const batched = xs.tensors[0]?.rank === rank;
      const tensors = [...xs.tensors, ...ys.tensors, ...weights];
      made.push(tensors.map((t) => (batched ? tf.clone(t) : tf.expandDims(t, 0))));
      dispose();
      // A tf.data.Dataset hands over its tensors, so they are freed here.
      if ("iterator" in data) tf.dispose(tensors.filter((t) => !t.isDisposed));
    }
    const [first] = made;
    if (!first || !shapes[0])
      throw new DataError(`${what} has no examples.`, "Is the data set empty, or was it read before?");
    const joined = first.map((_, k) =>
      joinRows(
        made.map((row) => row[k] as tf.Tensor),
        what,
      ),
    );
    const { xs, ys } = shapes[0].names;
    const count = xs === undefined ? 1 : xs.length;
    const weights = shapes[0].weighted ? joined.at(-1) : undefined;
    const labels = joined.slice(count, weights ? -1 : undefined);
    const examples = {
      xs: named(xs, joined.slice(0, count)),
      ys: named(ys, labels),
      ...(weights && { sampleWeights: weights }),
    };
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
      `${what}: element ${wrong} is [${parts[wrong]?.shape.slice(1)}], but the first is [${rest}].`,
      "All examples must have the same shape: resize or pad them.",
    );
  }
  return parts.length === 1 ? tf.clone(parts[0] as tf.Tensor) : tf.concat(parts, 0);
}

function named(names: Names, tensors: readonly tf.Tensor[]): TensorData {
  if (names === undefined) return tensors.length === 1 ? (tensors[0] as tf.Tensor) : tensors;
  return Object.fromEntries(names.map((name, i) => [name, tensors[i] as tf.Tensor]));
}

/** Yields the elements of a data set or an iterable once. @throws DataError if `data` cannot be iterated. */
export async function* elements(
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
      `${what} has no xs and ys, and it cannot be iterated.`,
      "Give { xs, ys }, a tf.data.Dataset, an iterable of { xs, ys } or { stream }.",
    );
  }
  yield* data as AsyncIterable<Element>;
}
