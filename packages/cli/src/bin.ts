#!/usr/bin/env node
import { main } from "./main.ts";

// `graft list | head` closes the pipe before the command has written everything, and a closed terminal gives EIO. Output ends then, but a
// run must still save its result.
const ended = new Set<NodeJS.WriteStream>();
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO" && error.code !== "ERR_STREAM_DESTROYED") throw error;
    ended.add(stream);
  });

function write(stream: NodeJS.WriteStream, text: string): void {
  if (!ended.has(stream)) stream.write(text);
}

process.exitCode = await main(process.argv.slice(2), {
  out: (text) => write(process.stdout, text),
  err: (text) => write(process.stderr, text),
  isTty: process.stdout.isTTY === true,
  cwd: process.cwd(),
});
