// Loads damaged model files and prints the results: `pnpm faults [files per format]`, 10,000 by default. Exits with 1 if a load gave
// other weights without an error, an untyped error, or tensors that are left over.
import { fuzzModelJson, fuzzSafetensors } from "../packages/tuner/test/fuzz.ts";
import { fuzzH5, fuzzKeras } from "../packages/tuner/test/fuzz-keras.ts";

const files = Number(process.argv[2] ?? 10_000);
for (const fuzz of [fuzzKeras, fuzzH5, fuzzSafetensors, fuzzModelJson]) {
  const { wrong, ...counts } = await fuzz(files);
  console.log(fuzz.name, { ...counts, wrong: wrong.length });
  for (const line of wrong.slice(0, 20)) console.error(`${fuzz.name}: ${line}`);
  if (wrong.length > 0) process.exitCode = 1;
}
