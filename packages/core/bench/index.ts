// `pnpm bench core`: writes results.json beside itself and the figures into the README. `pnpm bench core steps` runs the long
// memory check alone.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { conditions, type OverheadResult, overhead } from "./overhead.ts";
import { type StepsResult, steps } from "./steps.ts";

interface Results {
  machine: object;
  overhead?: { conditions: object; results: readonly OverheadResult[] };
  steps?: readonly StepsResult[];
}

const file = join(import.meta.dirname, "results.json");
const readme = join(import.meta.dirname, "../README.md");
const results: Results = JSON.parse(readFileSync(file, "utf8"));
const only = process.argv[2];
results.machine = { cpu: cpus()[0]?.model.trim(), cores: cpus().length, node: process.versions.node };
if (only === undefined || only === "overhead") results.overhead = { conditions, results: await overhead() };
if (only === undefined || only === "steps") results.steps = await steps();
writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
console.log(JSON.stringify(results, null, 2));

const rows = (results.overhead?.results ?? []).map(
  ({ net, rule, stockMs, oursMs, ratio }) =>
    `| ${net} | ${rule} | ${stockMs.toFixed(1)} | ${oursMs.toFixed(1)} | ${ratio.toFixed(2)} |`,
);
const table = [
  "| 160 parameters, wasm | rule | `tf.train` ms | `HookedOptimizer` ms | ratio |",
  "|---|---|---|---|---|",
  ...rows,
];
const left = Math.max(...(results.steps ?? []).map(({ tensorsMore }) => tensorsMore));
const text = readFileSync(readme, "utf8")
  .replace(/(<!-- bench:overhead -->)[\s\S]*?(<!-- \/bench -->)/, `$1\n${table.join("\n")}\n$2`)
  .replace(/(<!-- bench:steps -->)[\s\S]*?(<!-- \/bench -->)/, `$1\n${left} tensors more after 10,000 steps.\n$2`);
writeFileSync(readme, text);
