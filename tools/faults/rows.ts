import { fuzzModelJson, fuzzSafetensors } from "../../packages/tuner/test/fuzz.ts";
import { fuzzH5, fuzzKeras } from "../../packages/tuner/test/fuzz-keras.ts";
import { fuzzZips } from "../../packages/tuner/test/fuzz-zip.ts";
import { fuzzCsvNames, fuzzKilledLocks, fuzzLocks } from "../../packages/tuner/test/fuzz-runs.ts";
import { fuzzKills } from "./kills.ts";
import { fuzzMpi } from "./mpi.ts";
import { fuzzPairs } from "./pairs.ts";
import { fuzzPipes } from "./pipes.ts";
import { fuzzRecipes } from "./recipes.ts";
import { fuzzSignals } from "./signals.ts";

/** A kind of damage, and its trials. */
export interface Row {
  readonly what: string;
  /** The full number of trials. */
  readonly trials: number;
  /** Does the trials. Resolves to counts, and one line for each trial that lost something or went wrong. */
  run(trials: number): Promise<{ readonly wrong: readonly string[] }> | { readonly wrong: readonly string[] };
}

/** The rows of `pnpm faults` by name. */
export const ROWS: Readonly<Record<string, Row>> = {
  keras: { what: "damaged .keras files", trials: 10_000, run: fuzzKeras },
  h5: { what: "damaged .h5 files", trials: 10_000, run: fuzzH5 },
  zip: { what: "zip archives with damaged headers", trials: 10_000, run: fuzzZips },
  safetensors: { what: "damaged .safetensors files", trials: 10_000, run: fuzzSafetensors },
  "model-json": { what: "damaged model.json files", trials: 10_000, run: fuzzModelJson },
  recipes: { what: "damaged recipes", trials: 10_000, run: fuzzRecipes },
  csv: { what: "sets of random names in CSV files", trials: 10_000, run: fuzzCsvNames },
  locks: { what: "pairs of processes that take the lock of one folder", trials: 1000, run: fuzzLocks },
  "killed-locks": { what: "kills of a process that holds the lock of a folder", trials: 1000, run: fuzzKilledLocks },
  pairs: { what: "pairs of runs on one checkpoint folder", trials: 1000, run: fuzzPairs },
  "kills-cpu": {
    what: "kills of a run with checkpoints, cpu",
    trials: 1000,
    run: (trials) => fuzzKills("cpu", trials),
  },
  "kills-wasm": {
    what: "kills of a run with checkpoints, wasm",
    trials: 1000,
    run: (trials) => fuzzKills("wasm", trials),
  },
  mpi: { what: "kills of a rank under mpirun", trials: 100, run: fuzzMpi },
  pipes: { what: "pipes closed during a run", trials: 200, run: fuzzPipes },
  signals: {
    what: "SIGINT, SIGTERM and SIGHUP during a run, a third of the trials each",
    trials: 300,
    run: (trials) => fuzzSignals(Math.ceil(trials / 3)),
  },
};
