import { readFileSync, writeFileSync } from "node:fs";
import type { Row } from "./methods.ts";

/** Figures of all methods. */
export interface Results {
  /** Version of Node. */
  readonly node: string;
  /** Threads of the wasm backend. */
  readonly threads: number;
  readonly rows: readonly Row[];
}

const MARKED = /(<!-- results -->\n).*(<!-- \/results -->)/s;

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

/** Writes the figures to results.json and the table to the README. */
export function writeResults(results: Results): void {
  writeFileSync(new URL("results.json", import.meta.url), `${JSON.stringify(results, null, 2)}\n`);
  const readme = new URL("README.md", import.meta.url);
  writeFileSync(readme, readFileSync(readme, "utf8").replace(MARKED, `$1${table(results.rows)}\n$2`));
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
