/**
 * `pnpm --filter example-gradient-surgery start`: a net that knows the digits 0 to 4 learns 5 to 9, and another net learns
 * digits in three domains at once. It prints the accuracies of each method over several seeds, and the conflicts of the tasks.
 * `--short` uses one seed and few steps, for the test. `--write` also writes results.json.
 */
import { writeFileSync } from "node:fs";
import { wasmBackend } from "@graftjs/backend-wasm";
import { formatConflicts } from "@graftjs/gradient-surgery";
import { continual } from "./continual.ts";
import { images } from "./data.ts";
import { domains } from "./domains.ts";
import { percent, spread, table } from "./table.ts";

const short = process.argv.includes("--short");
const seeds = short ? [1] : [1, 2, 3];
const lengths = short ? { pretrain: 150, tune: 60, test: 50 } : { pretrain: 300, tune: 100, test: 200 };

await wasmBackend().init();
const all = images();
const learned = [];
for (const seed of seeds) learned.push(await continual(all, seed, lengths));
const served = [];
for (const seed of seeds) served.push(await domains(all, seed, { steps: short ? 60 : 150, test: short ? 20 : 100 }));

const [continualScores, domainScores] = [learned.map(({ scores }) => scores), served.map(({ scores }) => scores)];
const seconds = (values: readonly number[]): string => spread(values).mean.toFixed(1);
const runsOf = <T>(runs: readonly (readonly T[])[], i: number): T[] => runs.flatMap((run) => run[i] ?? []);
const first = continualScores[0] ?? [];
const old = first.map(({ method }, i) => {
  const runs = runsOf(continualScores, i);
  return [
    method,
    percent(runs.map((r) => r.new)),
    percent(runs.map((r) => r.old)),
    seconds(runs.map((r) => r.seconds)),
  ];
});
console.log(`Knows 0–4, learns 5–9: test accuracy in %, ${seeds.length} seed(s), mean ± deviation\n`);
console.log(table([["", "new digits", "old digits", "seconds"], ...old]));
const before = learned[0]?.conflicts;
if (before) console.log(`\nCosines before the first step, seed ${seeds[0]}\n${formatConflicts(before)}`);

const names = Object.keys(domainScores[0]?.[0]?.domains ?? {});
const rows = (domainScores[0] ?? []).map(({ method }, i) => {
  const runs = runsOf(domainScores, i);
  const worst = percent(runs.map((r) => Math.min(...Object.values(r.domains))));
  return [
    method,
    ...names.map((n) => percent(runs.map((r) => r.domains[n] ?? Number.NaN))),
    worst,
    seconds(runs.map((r) => r.seconds)),
  ];
});
console.log(`\nThree domains from scratch: test accuracy in %, ${seeds.length} seed(s)\n`);
console.log(table([["", ...names, "worst", "seconds"], ...rows]));
const after = served[0]?.conflicts;
if (after) console.log(`\nCosines after training by mean, seed ${seeds[0]}\n${formatConflicts(after)}`);

if (process.argv.includes("--write")) {
  const results = { seeds, lengths, continual: continualScores, domains: domainScores, conflicts: { before, after } };
  writeFileSync(new URL("results.json", import.meta.url), `${JSON.stringify(results, null, 1)}\n`);
}
