import * as tf from "@tensorflow/tfjs-core";
import type { Ports } from "../../models/adapter/ports.ts";
import { DataError } from "../data-error.ts";
import { columns, type ExampleData, type TensorData } from "../source/columns.ts";
import { type Element, flat, fromArrays } from "../source/element.ts";
import { elements } from "../source/read-examples.ts";
import type { Pass, Source } from "../source/source.ts";
import { type HostRow, hostRows, stacked } from "./host-rows.ts";
import type { StreamData, StreamPass } from "./stream-data.ts";

/** The checks that the examples of a stream must pass. */
export interface StreamChecks {
  readonly ports: Ports;
  /** Throws if labels do not suit their loss. Called once for every example. @param from position of the first label. */
  readonly labels: (labels: readonly tf.Tensor[], inputs: () => readonly tf.Tensor[], from: number) => Promise<void>;
}

/** An example on the host: inputs followed by labels, in the model's order. */
type HostExample = readonly HostRow[];

/**
 * Creates a source that reads `data` from its beginning in every pass. It buffers examples that the order needs later.
 *
 * If `data.examples` is not given, first reads the stream once to count the examples and check their labels. Otherwise labels are
 * checked as they are read. @throws DataError if the stream is empty or a label does not fit.
 */
export async function streamSource(data: StreamData, checks: StreamChecks, what: string): Promise<Source> {
  const { buffer = 256 } = data;
  const spent = new WeakSet<object>();
  const open = async (): Promise<AsyncGenerator<Element>> => {
    const stream = typeof data.stream === "function" ? await data.stream() : data.stream;
    return elements(assertFresh(stream, spent, what), what);
  };
  const disposable = typeof data.stream === "function" || "iterator" in data.stream;
  const read = (element: Element, position: number): Promise<HostExample[]> =>
    hostExamples(element, checks.ports, disposable, `${what}, example ${position}`);
  const inputs = checks.ports.inputNames.length;
  const columnsOf = (examples: readonly HostExample[], a: number, b?: number): tf.Tensor[] =>
    (examples[0]?.slice(a, b) ?? []).map((_, k) => stacked(examples.map((rows) => rows[a + k] as HostRow)));
  const checkLabels = async (examples: readonly HostExample[], labels: readonly tf.Tensor[], from: number) => {
    const made: tf.Tensor[] = [];
    const given = (): readonly tf.Tensor[] => {
      made.push(...columnsOf(examples.slice(0, 1), 0, inputs));
      return made;
    };
    try {
      await checks.labels(labels, given, from);
    } finally {
      tf.dispose(made);
    }
  };
  const count = async (): Promise<number> => {
    let size = 0;
    for await (const element of await open()) {
      const examples = await read(element, size);
      const labels = columnsOf(examples, inputs);
      try {
        await checkLabels(examples, labels, size);
      } finally {
        tf.dispose(labels);
      }
      size += examples.length;
    }
    return size;
  };
  const size = data.examples ?? (await count());
  if (size === 0) throw new DataError(`${what} has no examples.`, "Is the data set empty, or was it read before?");
  let checked = data.examples === undefined;
  return {
    size,
    buffer,
    open(order, from = 0): Pass {
      const turn = new Int32Array(size).fill(-1);
      order.forEach((position, i) => {
        turn[position] = i;
      });
      const waiting = new Map<number, HostExample>();
      let stream: AsyncGenerator<Element> | undefined;
      let [next, taken] = [0, from];
      const readOn = async (): Promise<void> => {
        stream ??= await open();
        const { value, done } = await stream.next();
        if (done === true) {
          throw new DataError(
            `${what} ended after ${next} of ${size} examples.`,
            "Every pass must give the same examples. Is `examples` too large, or is the stream an iterator that was read before?",
          );
        }
        for (const example of await read(value, next)) {
          if (next < size && (turn[next] as number) >= from) waiting.set(next, example);
          next++;
        }
      };
      return {
        async take(indices, withInputs) {
          for (const index of indices) while (!waiting.has(index)) await readOn();
          const examples = [...indices].map((index) => waiting.get(index) as HostExample);
          for (const index of indices) waiting.delete(index);
          const labels = columnsOf(examples, inputs);
          try {
            if (!checked) await checkLabels(examples, labels, Math.min(...indices));
          } catch (error) {
            tf.dispose(labels);
            throw error;
          }
          taken += indices.length;
          checked ||= from === 0 && taken === size;
          return { inputs: withInputs ? columnsOf(examples, 0, inputs) : [], labels };
        },
        async close() {
          waiting.clear();
          await stream?.return(undefined);
        },
      };
    },
  };
}

/** Returns `stream`. @throws DataError if it is an iterator that was used before. */
function assertFresh(stream: StreamPass, spent: WeakSet<object>, what: string): StreamPass {
  const iterator: object =
    "iterator" in stream
      ? stream
      : Symbol.asyncIterator in stream
        ? stream[Symbol.asyncIterator]()
        : stream[Symbol.iterator]();
  if (iterator === stream && !("iterator" in stream)) {
    if (spent.has(iterator)) {
      throw new DataError(
        `${what}.stream returned the same iterator again, which gives its examples only once.`,
        "Create a new iterator in every call: { stream: () => read() }.",
      );
    }
    spent.add(iterator);
  }
  return stream;
}

async function hostExamples(element: Element, ports: Ports, disposable: boolean, what: string): Promise<HostExample[]> {
  const { examples, dispose } = fromArrays(element);
  const weights = examples.sampleWeights;
  const given = [...flat(examples.xs).tensors, ...flat(examples.ys).tensors, ...(weights ? [weights] : [])];
  const rank = ports.inputs[0]?.shape.length ?? 0;
  const batched = given[0]?.rank === rank;
  const made: tf.Tensor[] = [];
  const asBatch = (tensor: tf.Tensor): tf.Tensor => {
    const row = tf.expandDims(tensor, 0);
    made.push(row);
    return row;
  };
  try {
    const batch = batched
      ? examples
      : {
          xs: mapData(examples.xs, asBatch),
          ys: mapData(examples.ys, asBatch),
          ...(weights && { sampleWeights: asBatch(weights) }),
        };
    const { inputs, labels, size } = columns(batch as ExampleData, ports, what);
    const rows = await Promise.all([...inputs, ...labels].map(hostRows));
    return Array.from({ length: size }, (_, i) => rows.map((column) => column[i] as HostRow));
  } finally {
    tf.dispose(made);
    dispose();
    if (disposable) tf.dispose(given.filter((tensor) => !tensor.isDisposed));
  }
}

function mapData(data: TensorData, fn: (tensor: tf.Tensor) => tf.Tensor): TensorData {
  if (data instanceof tf.Tensor) return fn(data);
  if (Array.isArray(data)) return (data as tf.Tensor[]).map(fn);
  return Object.fromEntries(Object.entries(data).map(([name, tensor]) => [name, fn(tensor as tf.Tensor)]));
}
