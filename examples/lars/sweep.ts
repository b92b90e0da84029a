/**
 * `pnpm --filter example-lars sweep` tries rates for each rule with batches of 1,024 and of 32, then more seeds at the best rate.
 * It writes results.json after every run. Runs that are already in the file are not repeated.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { wasmBackend } from "@graftjs/backend-wasm";
import { digits } from "./data.ts";
import { type RunOptions, train } from "./train.ts";

/** The settings and results of one run. */
export type Measured = Omit<RunOptions, "onEpoch" | "onlyEnd"> & { readonly loss: number; readonly accuracy: number };
interface Setting {
  readonly batchSize: number;
  readonly epochs: number;
  readonly seeds: readonly number[];
  readonly peaks: { readonly sgd: readonly number[]; readonly lars: readonly number[] };
}

const SETTINGS: readonly Setting[] = [
  { batchSize: 1024, epochs: 6, seeds: [1, 2, 3], peaks: { sgd: [0.05, 0.1, 0.2, 0.4], lars: [1, 2, 4, 8] } },
  { batchSize: 32, epochs: 2, seeds: [1, 2], peaks: { sgd: [0.01, 0.03, 0.1, 0.3], lars: [0.2, 0.5, 1] } },
];

const file = new URL("results.json", import.meta.url);
const runs: Measured[] = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { runs: Measured[] }).runs : [];
await wasmBackend().init();
const data = digits(1);

/** Trains once, or returns the stored result of the same settings. */
async function measured(options: Omit<Measured, "loss" | "accuracy">): Promise<Measured> {
  const known = runs.find((run) =>
    Object.entries(options).every(([key, value]) => run[key as keyof Measured] === value),
  );
  if (known) return known;
  const { losses, accuracies, seconds } = await train(data, { ...options, onlyEnd: true });
  const run = { ...options, loss: digitsOf(losses.at(-1)), accuracy: digitsOf(accuracies.at(-1)) };
  runs.push(run);
  console.log(JSON.stringify(run), `${seconds.toFixed(0)} s`);
  writeFileSync(file, `${JSON.stringify({ images: { train: 8192, test: 1808 }, runs }, null, 1)}\n`);
  return run;
}

for (const { batchSize, epochs, seeds, peaks } of SETTINGS) {
  for (const rule of ["sgd", "lars"] as const) {
    const tried: Measured[] = [];
    for (const peak of peaks[rule]) tried.push(await measured({ rule, peak, batchSize, epochs, seed: 1 }));
    const best = tried.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
    for (const seed of seeds) await measured({ rule, peak: best.peak, batchSize, epochs, seed });
  }
}

function digitsOf(value = Number.NaN): number {
  return Number(value.toPrecision(4));
}
