import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Row } from "./methods.ts";

/** Figures of all methods, by the number of pictures per class. */
export interface Results {
  /** Version of Node. */
  readonly node: string;
  /** Threads of the wasm backend. */
  readonly threads: number;
  readonly epochs: number;
  readonly groups: Readonly<Record<string, readonly Row[]>>;
}

const MARKED = /(<!-- results -->\n).*(<!-- \/results -->)/s;

/** Formats the rows as a table of Markdown. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.method,
    percent(row.accuracy),
    percent(row.shifted),
    row.trained.toLocaleString("en"),
    size(row.fileBytes),
    row.seconds.toFixed(0),
    size(row.peakBytes),
  ]);
  const head = ["method", "accuracy", "shifted", "trained", "file", "seconds", "peak memory"];
  return [head, head.map(() => "---"), ...cells].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Writes the figures to results.json, beside those of other numbers of pictures, and the tables to the README. */
export function writeResults(results: Results): void {
  const [json, readme] = ["results.json", "README.md"].map((file) => new URL(file, import.meta.url)) as [URL, URL];
  const before = existsSync(json) ? (JSON.parse(readFileSync(json, "utf8")) as Results).groups : {};
  const groups = { ...before, ...results.groups };
  writeFileSync(json, `${JSON.stringify({ ...results, groups }, null, 2)}\n`);
  const text = Object.entries(groups).map(([count, rows]) => `${count} pictures per class:\n\n${table(rows)}`);
  writeFileSync(readme, readFileSync(readme, "utf8").replace(MARKED, `$1${text.join("\n\n")}\n$2`));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
