// Damages files, names and runs. Writes the number of trials, of losses and of wrong results to tools/faults/results.json.
//
//   pnpm faults                          every row with its full number of trials: some hours
//   pnpm faults pipes signals            these rows
//   pnpm faults kills-cpu --trials 10    another number of trials
//
// Exits with 1 if anything is lost or wrong. A short form of every row runs in the tests.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROWS } from "./faults/rows.ts";

const { values, positionals } = parseArgs({ options: { trials: { type: "string" } }, allowPositionals: true });
const unknown = positionals.find((name) => !(name in ROWS));
if (unknown !== undefined) {
  console.error(`No row is named "${unknown}". Choose from: ${Object.keys(ROWS).join(", ")}.`);
  process.exit(2);
}

for (const [name, row] of Object.entries(ROWS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const start = performance.now();
  const trials = Number(values.trials ?? row.trials);
  const { wrong, ...counts } = await row.run(trials);
  const seconds = Math.round((performance.now() - start) / 1000);
  const line = { what: row.what, trials, ...counts, lostOrWrong: wrong.length, seconds };
  console.log(`${name}: ${JSON.stringify(counts)}, ${seconds} s, lost or wrong: ${wrong.length}`);
  for (const problem of wrong.slice(0, 20)) console.error(`${name}: ${problem}`);
  if (wrong.length > 0) process.exitCode = 1;
  write(name, line);
}
// The bundles' backends may keep the process alive.
process.exit();

/** Replaces the result of one row. Rows may run in several processes at once. */
function write(name: string, line: object): void {
  const file = join(import.meta.dirname, "faults", "results.json");
  const results = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, object>) : {};
  results[name] = line;
  const sorted = Object.fromEntries(Object.keys(ROWS).flatMap((key) => (results[key] ? [[key, results[key]]] : [])));
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
}
