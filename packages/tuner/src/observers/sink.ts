import { nodeIo } from "../files/node-io.ts";
import { writeFileAtomic } from "../files/write-atomic.ts";

/** Destination of an observer's text: the path of a file (Node), or a function. */
export type TextSink = string | ((text: string) => void | Promise<void>);

/** Appends data to a file or a function. The file is emptied first. If it cannot be written, one warning is printed and the run continues. */
export interface Appender<T> {
  /** Continues a file of an earlier run. Call it before the first write; `kept` maps the old contents to the part to keep. */
  goOn(kept: (former: T) => T): Promise<void>;
  write(data: T): Promise<void>;
}

/** Creates an appender for text. */
export function textWriter(sink: TextSink): Appender<string> {
  if (typeof sink !== "string") return { goOn: async () => {}, write: async (text) => sink(text) };
  const { goOn, write } = fileAppender(sink);
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
  return {
    goOn: (kept) => goOn((former) => encoder.encode(kept(decoder.decode(former)))),
    write: (text) => write(encoder.encode(text)),
  };
}

/** Returns the lines of `text` for which `keep` is true. Drops a last line without a line end, because it was cut off. */
export function wholeLines(text: string, keep: (line: string) => boolean): string {
  const lines = text.split("\n").slice(0, -1);
  return lines.flatMap((line) => (keep(line) ? [`${line}\n`] : [])).join("");
}

/** Filters lines of JSON like {@link wholeLines}. Drops lines that are not JSON objects. */
export function jsonLines(text: string, keep: (value: { readonly [key: string]: unknown }) => boolean): string {
  return wholeLines(text, (line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === "object" && value !== null && keep(value as { readonly [key: string]: unknown });
    } catch {
      return false;
    }
  });
}

/** Creates an appender for the bytes of a file (Node). */
export function fileAppender(path: string): Appender<Uint8Array> {
  let started = false;
  let failed = false;
  const unlessFailed = async (act: () => Promise<void>): Promise<void> => {
    if (failed) return;
    try {
      await act();
    } catch (error) {
      failed = true;
      console.warn(
        `Could not write ${path}; the run continues without it: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
  return {
    goOn: (kept) =>
      unlessFailed(async () => {
        const former = (await nodeIo().read(path)) ?? new Uint8Array();
        await writeFileAtomic(path, kept(former));
        started = true;
      }),
    write: (bytes) =>
      unlessFailed(async () => {
        if (!started) await writeFileAtomic(path, new Uint8Array());
        started = true;
        await nodeIo().append(path, bytes);
      }),
  };
}
