import { nodeIo } from "../files/node-io.ts";

/** Where an observer's text goes: a file's path (Node), or a function. */
export type TextSink = string | ((text: string) => void | Promise<void>);

/** Appends to a file, which is emptied first; or calls the function. A file that cannot be written stops nothing: one warning. */
export function textWriter(sink: TextSink): (text: string) => Promise<void> {
  if (typeof sink !== "string") return async (text) => sink(text);
  const append = fileAppender(sink);
  return (text) => append(new TextEncoder().encode(text));
}

/** Appends bytes to a file, which is emptied first. */
export function fileAppender(path: string): (bytes: Uint8Array) => Promise<void> {
  let started = false;
  let failed = false;
  return async (bytes) => {
    if (failed) return;
    try {
      if (!started) await nodeIo().writeFlushed(path, new Uint8Array());
      started = true;
      await nodeIo().append(path, bytes);
    } catch (error) {
      failed = true;
      console.warn(
        `${path} cannot be written, the run goes on: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
}
