import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Row } from "./suite/ops.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Writes how far each op and gradient is from cpu, worst first: into `.reports/agreement`, and with GRAFT_WRITE_TABLES set
 * into the package's `test/agreement`, where it is committed.
 */
export function writeTable(packageName: string, environment: string, rows: readonly Row[]): void {
  const sorted = [...rows].sort(
    (a, b) => (b.error ?? Number.POSITIVE_INFINITY) - (a.error ?? Number.POSITIVE_INFINITY),
  );
  const text = [
    `# ${packageName} in ${environment}: max |a − b| / max |cpu| over ${rows.length} ops and gradients, worst first`,
    "",
    "| op | error |",
    "|---|---|",
    ...sorted.map(({ name, error, problem }) => `| ${name} | ${error === null ? problem : error.toExponential(1)} |`),
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
