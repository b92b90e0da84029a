import type { Observer } from "@graftjs/core";
import { type TextSink, textWriter } from "./sink.ts";

export interface CsvOptions {
  readonly to: TextSink;
}

/** One row an epoch, the columns of the first: `epoch,step,seconds,loss,...` (RFC 4180). */
export function csv({ to }: CsvOptions): Observer {
  const write = textWriter(to);
  let keys: readonly string[] | undefined;
  return {
    name: "csv",
    runStart: () => {
      keys = undefined;
    },
    async epochEnd({ epoch, step, seconds, logs }) {
      if (!keys) {
        keys = Object.keys(logs);
        await write(`${["epoch", "step", "seconds", ...keys].map(quoted).join(",")}\r\n`);
      }
      await write(`${[epoch, step, seconds, ...keys.map((key) => logs[key] ?? "")].join(",")}\r\n`);
    },
  };
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
