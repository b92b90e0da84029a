import type { Observer } from "@graftjs/core";
import { type TextSink, textWriter, wholeLines } from "./sink.ts";

export interface CsvOptions {
  readonly to: TextSink;
}

/**
 * Writes one row per epoch as CSV (RFC 4180): `epoch,step,seconds,loss,...`. The first epoch determines the columns. A resumed run appends
 * to the file, after removing the rows of epochs that it repeats.
 */
export function csv({ to }: CsvOptions): Observer {
  const { goOn, write } = textWriter(to);
  let keys: readonly string[] | undefined;
  return {
    name: "csv",
    async runStart({ step, earlier = [] }) {
      keys = undefined;
      if (step === 0) return;
      await goOn((former) => {
        const [header] = former.split("\r\n", 1);
        if (!header || !former.includes("\r\n")) return "";
        keys = header.split(",").slice(FIXED.length).map(unquoted);
        return wholeLines(former, (line) => line === `${header}\r` || Number(line.split(",", 1)[0]) < earlier.length);
      });
    },
    async epochEnd({ epoch, step, seconds, logs }) {
      if (!keys) {
        keys = Object.keys(logs);
        await write(`${[...FIXED, ...keys].map(quoted).join(",")}\r\n`);
      }
      await write(`${[epoch, step, seconds, ...keys.map((key) => logs[key] ?? "")].join(",")}\r\n`);
    },
  };
}

const FIXED = ["epoch", "step", "seconds"];

/** Removes the quotes of a column name. Splitting at commas is safe, because names of metrics contain none. */
function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
