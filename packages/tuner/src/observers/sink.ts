import { nodeIo } from "../files/node-io.ts";
import { writeFileAtomic } from "../files/write-atomic.ts";

/** Where an observer's text goes: a file's path (Node), or a function. */
export type TextSink = string | ((text: string) => void | Promise<void>);

/** Appends, to a file that is emptied first or to a function. A file that cannot be written stops nothing: one warning. */
export interface Appender<T> {
  /** Before the first write of a resumed run: what an earlier run left in the file becomes what `kept` makes of it. */
  goOn(kept: (former: T) => T): Promise<void>;
  write(data: T): Promise<void>;
}

export function textWriter(sink: TextSink): Appender<string> {
  if (typeof sink !== "string") return { goOn: async () => {}, write: async (text) => sink(text) };
  const { goOn, write } = fileAppender(sink);
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
  return {
    goOn: (kept) => goOn((former) => encoder.encode(kept(decoder.decode(former)))),
    write: (text) => write(encoder.encode(text)),
  };
}

/** Whole lines of `text` for which `keep` says so. A last line without its end was cut off by a kill, and goes. */
export function wholeLines(text: string, keep: (line: string) => boolean): string {
  const lines = text.split("\n").slice(0, -1);
  return lines.flatMap((line) => (keep(line) ? [`${line}\n`] : [])).join("");
}

/** As {@link wholeLines} of JSON objects; a line that is none goes. */
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
        `${path} cannot be written, the run goes on: ${error instanceof Error ? error.message : String(error)}`,
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
