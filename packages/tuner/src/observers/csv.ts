import type { Observer } from "@graftjs/core";
import { printableName } from "./printable-name.ts";
import { type TextSink, textWriter, wholeLines } from "./sink.ts";

export interface CsvOptions {
  readonly to: TextSink;
}

/**
 * Writes one row per epoch as CSV (RFC 4180): `epoch,step,seconds,loss,...`. The first epoch determines the columns. A resumed run appends
 * to the file, after removing the rows of epochs that it repeats, and keeps the columns.
 *
 * A name that a spreadsheet would take for a formula begins with an apostrophe. Control characters are shown as `\u000a`.
 */
export function csv({ to }: CsvOptions): Observer {
  const { goOn, write } = textWriter(to);
  /** Names of the columns after {@link FIXED}, as the header shows them. */
  let columns: readonly string[] | undefined;
  return {
    name: "csv",
    async runStart({ step, earlier = [] }) {
      columns = undefined;
      if (step === 0) return;
      await goOn((former) => {
        const [header] = former.split("\r\n", 1);
        if (!header || !former.includes("\r\n")) return "";
        columns = fields(header).slice(FIXED.length);
        return wholeLines(former, (line) => line === `${header}\r` || Number(line.split(",", 1)[0]) < earlier.length);
      });
    },
    async epochEnd({ epoch, step, seconds, logs }) {
      const values = new Map(Object.entries(logs).map(([key, value]) => [columnName(key), value]));
      if (!columns) {
        columns = [...values.keys()];
        await write(`${[...FIXED, ...columns].map(quoted).join(",")}\r\n`);
      }
      await write(`${[epoch, step, seconds, ...columns.map((name) => values.get(name) ?? "")].join(",")}\r\n`);
    },
  };
}

const FIXED = ["epoch", "step", "seconds"];

/** Returns the name of a column: on one line, and never a formula (OWASP, "CSV injection"). Different keys give different names. */
function columnName(key: string): string {
  const line = printableName(key.replaceAll("\\", "\\\\"));
  return /^[=+\-@']/.test(line) ? `'${line}` : line;
}

/** Splits a line of CSV. A comma within quotes belongs to a name. */
function fields(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quotes, plain = ""]) =>
    quotes === undefined ? plain : quotes.replaceAll('""', '"'),
  );
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
