import { OptionsError } from "@graftjs/core";
import type { DatasetLike, Element } from "../source/element.ts";

/** A data set or iterable that can be read once from its beginning. */
export type StreamPass = DatasetLike | AsyncIterable<Element> | Iterable<Element>;

/** Examples that are read again in every epoch and are never in memory as a whole. */
export interface StreamData {
  /**
   * A `tf.data.Dataset`, an iterable that can be iterated again, or a function that is called for each pass. It must give the same
   * examples in the same order every time; use `buffer` to shuffle. Tensors from a data set or from a function's stream are freed after
   * use. Tensors from an iterable still belong to the caller.
   */
  readonly stream: StreamPass | (() => StreamPass | Promise<StreamPass>);
  /**
   * Number of examples per epoch. If the stream has more, only the first ones are used. If set, the pass that counts the examples and
   * checks all labels before the first step is skipped; labels are then checked as they are read.
   * @default counted in one pass before the first step
   */
  readonly examples?: number;
  /** Size of the shuffle buffer, in examples. If it holds all examples, the order is the same as for data in memory. @default 256 */
  readonly buffer?: number;
}

/** Tells whether `data` is given as `{ stream }`. */
export function isStream(data: unknown): data is StreamData {
  return typeof data === "object" && data !== null && "stream" in data;
}

/** Checks a stream's options. @throws OptionsError that lists every problem, for example a one-time iterator for several epochs. */
export function assertStream({ stream, examples, buffer }: StreamData, epochs: number, what: string): void {
  const problems: string[] = [];
  for (const [name, value] of [
    ["examples", examples],
    ["buffer", buffer],
  ] as const) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 1))
      problems.push(`\`${what}.${name}\` is ${String(value)}. Give an integer ≥ 1.`);
  }
  if (typeof stream !== "function" && !isPass(stream)) {
    problems.push(
      `\`${what}.stream\` is ${String(stream)}. Give a tf.data.Dataset, an iterable, or a function returning one.`,
    );
  } else if (isOneShot(stream) && (epochs > 1 || examples === undefined)) {
    const why = epochs > 1 ? `there are ${epochs} epochs` : "counting them would use it up";
    problems.push(
      `\`${what}.stream\` is an iterator, which gives its examples only once, but ${why}. Give the function that makes it: { stream: () => read() }.`,
    );
  }
  if (problems.length > 0)
    throw new OptionsError(`\`${what}\` has ${problems.length} wrong option(s).`, problems.join("\n"));
}

function isPass(stream: unknown): stream is StreamPass {
  return (
    typeof stream === "object" &&
    stream !== null &&
    ("iterator" in stream || Symbol.asyncIterator in stream || Symbol.iterator in stream)
  );
}

/** Tells whether a stream is a one-time iterator: such an iterator returns itself when it is iterated. */
function isOneShot(stream: StreamPass | (() => unknown)): boolean {
  if (typeof stream === "function" || "iterator" in stream) return false;
  const iterator: unknown =
    Symbol.asyncIterator in stream
      ? (stream as AsyncIterable<unknown>)[Symbol.asyncIterator]()
      : (stream as Iterable<unknown>)[Symbol.iterator]();
  return iterator === stream;
}
