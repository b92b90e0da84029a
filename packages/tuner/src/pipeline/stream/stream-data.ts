import { OptionsError } from "@graftjs/core";
import type { DatasetLike, Element } from "../source/element.ts";

/** One reading of a stream. */
export type StreamPass = DatasetLike | AsyncIterable<Element> | Iterable<Element>;

/** Examples that are read anew every epoch and never held as a whole. */
export interface StreamData {
  /**
   * A `tf.data.Dataset`; an iterable that begins anew every time; or a function that is called for each reading. It must give
   * the same examples in the same order every time: shuffling is the buffer's part. Tensors that a data set or a function's
   * stream gives are freed once they were read; those of an iterable stay the caller's.
   */
  readonly stream: StreamPass | (() => StreamPass | Promise<StreamPass>);
  /**
   * Examples an epoch, the stream's first ones where it has more. Spares the reading that counts them, and with it the look at all
   * labels before the first step: then they are looked at as they come.
   * @default counted in one reading before the first step
   */
  readonly examples?: number;
  /** Examples held on the host to be shuffled among each other. With room for all, the order is that of data in memory. @default 256 */
  readonly buffer?: number;
}

export function isStream(data: unknown): data is StreamData {
  return typeof data === "object" && data !== null && "stream" in data;
}

/** @throws OptionsError with everything that is wrong about it, a spent iterator in `epochs` epochs above all. */
export function assertStream({ stream, examples, buffer }: StreamData, epochs: number, what: string): void {
  const problems: string[] = [];
  for (const [name, value] of [
    ["examples", examples],
    ["buffer", buffer],
  ] as const) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 1))
      problems.push(`\`${what}.${name}\` is ${String(value)}. Give a whole number ≥ 1.`);
  }
  if (typeof stream !== "function" && !isPass(stream)) {
    problems.push(
      `\`${what}.stream\` is ${String(stream)}. Give a tf.data.Dataset, an iterable, or a function returning one.`,
    );
  } else if (isOneShot(stream) && (epochs > 1 || examples === undefined)) {
    const why = epochs > 1 ? `there are ${epochs} epochs` : "counting them would use it up";
    problems.push(
      `\`${what}.stream\` is an iterator, which gives its examples once, and ${why}. Give the function that makes it: { stream: () => read() }.`,
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

/** Iterators that are iterable return themselves. */
function isOneShot(stream: StreamPass | (() => unknown)): boolean {
  if (typeof stream === "function" || "iterator" in stream) return false;
  const begun: unknown =
    Symbol.asyncIterator in stream
      ? (stream as AsyncIterable<unknown>)[Symbol.asyncIterator]()
      : (stream as Iterable<unknown>)[Symbol.iterator]();
  return begun === stream;
}
