import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { compareRuns, type NamedRun } from "../runs/compare-runs.ts";
import { readResult } from "../runs/run-folder.ts";
import { UsageError } from "../terminal/errors.ts";
import { printableName } from "../terminal/printable.ts";
import { textTable } from "../terminal/text-table.ts";
import type { Command } from "./command.ts";

export const compare: Command = {
  usage: "graft compare <folder>... [--json]",
  about:
    "Shows finished runs as a table: the best epoch, its values, and how the recipes differ.\n" +
    "A folder is that of one run, or the folder that `graft run --runs` was given.\n\n" +
    "--json  Prints the results as JSON.",
  options: { json: "boolean" },
  async run(positionals, { json }, { out, cwd }) {
    if (positionals.length === 0)
      throw new UsageError("graft compare takes one or more folders.", "graft compare runs");
    const runs = (await Promise.all(positionals.map((given) => runsIn(resolve(cwd, given))))).flat();
    if (runs.length === 0)
      throw new UsageError(
        `No finished run was found in ${positionals.join(", ")}.`,
        "graft run recipe.json --runs runs makes a folder for each run.",
      );
    if (json === true) return out(`${JSON.stringify(runs, null, 2)}\n`);
    const table = compareRuns(runs).map((row) => row.map(printableName));
    for (const line of textTable(table, "left")) out(`${line}\n`);
  },
};

/** Returns the run of a folder, or the runs of the folders in it, in order of their names. */
async function runsIn(folder: string): Promise<readonly NamedRun[]> {
  const own = await readResult(folder);
  if (own) return [{ name: basename(folder), result: own }];
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new UsageError(`The folder ${folder} cannot be read.`, "Check the path.", { cause });
  });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const found = await Promise.all(
    names.sort().map(async (name) => ({ name, result: await readResult(join(folder, name)) })),
  );
  return found.flatMap(({ name, result }) => (result ? [{ name, result }] : []));
}
