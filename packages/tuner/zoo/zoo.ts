/**
 * Loads small Keras 3 models and nets of keras.applications in three forms, compares their predictions with Keras's, and prints
 * how many are right, refused by name, or wrong. The nets also take one training step. It takes several minutes.
 *
 *     pnpm --filter @graftjs/tuner zoo                    all models
 *     pnpm --filter @graftjs/tuner zoo mobilenet          models whose name contains the word, with every result
 *
 * PYTHON names a Python with the packages keras, jax and h5py; `python3` otherwise. ZOO names a folder that keeps the models.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { wasmBackend } from "@graftjs/backend-wasm";
import { compare, FORMS, type Outcome, readIndex } from "./compare.ts";
import { trainOneStep } from "./train-one-step.ts";

const [, , word = ""] = process.argv;
const kept = process.env.ZOO;
const root = kept ?? mkdtempSync(join(tmpdir(), "keras-zoo-"));
process.on("exit", () => kept ?? rmSync(root, { recursive: true, force: true }));
await wasmBackend().init();

let wrong = 0;
for (const kind of ["small", "applications"] as const) {
  const folder = join(root, kind);
  if (!existsSync(join(folder, "index.json"))) make(kind, folder);
  const outcomes: Outcome[] = [];
  for (const entry of readIndex(folder)) {
    if (!entry.name.includes(word)) continue;
    for (const form of FORMS) {
      const outcome = await compare(folder, entry, form, 1e-5, kind === "applications" ? trainOneStep : undefined);
      if (!outcome) continue;
      outcomes.push(outcome);
      if (outcome.result === "wrong" || word !== "" || (outcome.result === "refused" && form === "keras"))
        console.log(`${outcome.result} ${outcome.name}.${form}: ${outcome.detail}`);
    }
  }
  wrong += print(kind, outcomes);
}
process.exitCode = wrong > 0 ? 1 : 0;

/** Writes the models of one kind with the Python script beside this file. */
function make(kind: string, folder: string): void {
  const python = process.env.PYTHON ?? "python3";
  const script = fileURLToPath(new URL("make.py", import.meta.url));
  const environment = {
    ...process.env,
    KERAS_BACKEND: process.env.KERAS_BACKEND ?? "jax",
    PYTHONDONTWRITEBYTECODE: "1",
  };
  const { status } = spawnSync(python, [script, kind, folder], {
    stdio: ["ignore", "inherit", "ignore"],
    env: environment,
  });
  if (status !== 0)
    throw new Error(
      `${python} could not write the models. Install keras, jax and h5py, and set PYTHON to the Python that has them.`,
    );
}

/** Prints a table of counts. @returns the number of wrong results */
function print(kind: string, outcomes: readonly Outcome[]): number {
  const count = (form: string, result: string): number =>
    outcomes.filter((outcome) => outcome.form === form && outcome.result === result).length;
  console.log(`\n${kind}`);
  for (const form of FORMS)
    console.log(
      `  ${form.padEnd(6)} right ${count(form, "right")}, refused ${count(form, "refused")}, wrong ${count(form, "wrong")}`,
    );
  return outcomes.filter(({ result }) => result === "wrong").length;
}
