import { readFileSync, writeFileSync } from "node:fs";
import type { Row } from "./methods.ts";

/** Figures of all methods on one set of texts. */
export interface Results {
  /** Version of Node. */
  readonly node: string;
  /** Threads of the wasm backend. */
  readonly threads: number;
  readonly rows: readonly Row[];
}

/** Formats the rows as a table of Markdown. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.method,
    `${(100 * row.accuracy).toFixed(1)} %`,
    `${row.cachedBlocks} of 9`,
    row.trained.toLocaleString("en"),
    size(row.fileBytes),
    row.secondsPerStep.toFixed(3),
    row.seconds.toFixed(0),
    size(row.peakBytes),
  ]);
  const head = ["method", "accuracy", "cached blocks", "trained", "file", "s per step", "s in all", "peak memory"];
  return [head, head.map(() => "---"), ...cells].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Writes the figures for one set of texts to results.json, and its table to the README. */
export function writeResults(name: string, results: Results): void {
  const [json, readme] = ["results.json", "README.md"].map((file) => new URL(file, import.meta.url)) as [URL, URL];
  const all = { ...JSON.parse(readFileSync(json, "utf8")), [name]: results };
  writeFileSync(json, `${JSON.stringify(all, null, 2)}\n`);
  const marked = new RegExp(`(<!-- results:${name} -->\n).*(<!-- /results -->)`, "s");
  const text = readFileSync(readme, "utf8").split(/(?<=<!-- \/results -->)/);
  writeFileSync(readme, text.map((part) => part.replace(marked, `$1${table(results.rows)}\n$2`)).join(""));
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
