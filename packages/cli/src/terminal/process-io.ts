import { createInterface } from "node:readline/promises";
import type { Io } from "./io.ts";

/**
 * Makes the terminal of this process. `graft list | head` closes the pipe before the command has written everything, and a closed
 * terminal gives EIO. Output ends then, but a run must still save its result.
 */
export function processIo(): Io {
  const ended = new Set<NodeJS.WriteStream>();
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "EIO" && error.code !== "ERR_STREAM_DESTROYED") throw error;
      ended.add(stream);
    });
  const write = (stream: NodeJS.WriteStream, text: string): void => {
    if (!ended.has(stream)) stream.write(text);
  };
  const isTty = process.stdout.isTTY === true;
  return {
    out: (text) => write(process.stdout, text),
    err: (text) => write(process.stderr, text),
    isTty,
    cwd: process.cwd(),
    ...(isTty && process.stdin.isTTY === true ? { ask } : {}),
  };
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}
