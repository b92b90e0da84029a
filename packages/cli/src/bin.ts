#!/usr/bin/env node
import { main } from "./main.ts";

// `graft list | head` closes the pipe before the command has written everything. A run must still save its result then.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });

process.exitCode = await main(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isTty: process.stdout.isTTY === true,
  cwd: process.cwd(),
});
