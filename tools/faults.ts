// Damages files, names and runs, and prints the results: `pnpm faults [trials]`, 10,000 by default. A tenth of the trials are pairs of
// processes that take one folder, and kills of such a process. Exits with 1 if a load gave other weights without an error, an untyped
// error or tensors that are left over; if two runs held one folder; or if names changed a CSV file. A short form runs in the tests.
import { fuzzModelJson, fuzzSafetensors } from "../packages/tuner/test/fuzz.ts";
import { fuzzH5, fuzzKeras } from "../packages/tuner/test/fuzz-keras.ts";
import { fuzzCsvNames, fuzzKilledLocks, fuzzLocks } from "../packages/tuner/test/fuzz-runs.ts";

const trials = Number(process.argv[2] ?? 10_000);
const tenth = Math.ceil(trials / 10);
for (const [fuzz, count] of [
  [fuzzKeras, trials],
  [fuzzH5, trials],
  [fuzzSafetensors, trials],
  [fuzzModelJson, trials],
  [fuzzCsvNames, trials],
  [fuzzLocks, tenth],
  [fuzzKilledLocks, tenth],
] as const) {
  const { wrong, ...counts } = await fuzz(count);
  console.log(fuzz.name, { ...counts, wrong: wrong.length });
  for (const line of wrong.slice(0, 20)) console.error(`${fuzz.name}: ${line}`);
  if (wrong.length > 0) process.exitCode = 1;
}
