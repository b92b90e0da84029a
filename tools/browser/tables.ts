import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Row } from "./suite/ops.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Writes the difference of each op and gradient from cpu, the largest first, into `.reports/agreement`. With GRAFT_WRITE_TABLES set it
 * writes into the package's `test/agreement`, which is committed.
 */
export function writeTable(packageName: string, environment: string, rows: readonly Row[]): void {
  const sorted = [...rows].sort(
    (a, b) => (b.error ?? Number.POSITIVE_INFINITY) - (a.error ?? Number.POSITIVE_INFINITY),
  );
  const cells = sorted.map(({ name, error, problem }) => [
    name,
    error === null ? `${problem}` : error.toExponential(1),
  ]);
  const text = [
    `# ${packageName} in ${environment}: max |a − b| / max |cpu| over ${rows.length} ops and gradients, worst first`,
    "",
    ...aligned([["op", "error"], ...cells]),
    "",
  ].join("\n");
  const folders = [join(root, ".reports", "agreement", packageName)];
  if (process.env.GRAFT_WRITE_TABLES) folders.push(join(root, "packages", packageName, "test", "agreement"));
  for (const folder of folders) {
    const file = join(folder, `${environment.toLowerCase().replaceAll(" ", "-")}.md`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/** Formats a Markdown table with aligned columns, like the formatter of this repository. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = [0, 1].map((column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)];
}
