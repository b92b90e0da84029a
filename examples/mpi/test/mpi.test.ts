import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { CallbackRun } from "@graftjs/core";
import { single } from "@graftjs/mpi";
import { afterAll, expect, it } from "vitest";
import { federatedAveraging } from "../federated-averaging.ts";

const folder = join(import.meta.dirname, "..");
const tsx = join(folder, "../../node_modules/.bin/tsx");
// Open MPI's files get a folder of their own: in the common one, of two mpirun that start at the same moment one may fail.
const files = mkdtempSync(join(tmpdir(), "graft-mpi-"));
afterAll(() => rmSync(files, { recursive: true }));
const env = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_orte_tmpdir_base: files,
};

it("prints the same numbers alone and on two ranks", async () => {
  const run = async (program: string, ...args: string[]) =>
    (await promisify(execFile)(program, args, { cwd: folder, env, timeout: 100_000 })).stdout;
  const [alone, two] = await Promise.all([
    run(tsx, "main.ts"),
    run("mpirun", "--oversubscribe", "-n", "2", tsx, "main.ts"),
  ]);
  expect(alone).toContain("120 steps on 1 rank(s)");
  expect(two).toContain("120 steps on 2 rank(s)");
  expect(alone.split("\n")[1]).toMatch(/accuracy (0\.[89]\d*|1)$/);
  expect(two.split("\n")[1]).toBe(alone.split("\n")[1]);
}, 110_000);

it("averages the weights of sites by their numbers of examples", async () => {
  const trained = new Map([["kernel", Float32Array.of(1, 2)]]);
  let weights: ReadonlyMap<string, Float32Array> = trained;
  const run = {
    readWeights: async () => weights,
    writeWeights: (values: typeof weights) => {
      weights = values;
    },
  } as unknown as CallbackRun;
  // The other site has 3 examples and the weights 5 and 6. This site has 1.
  const other = Float32Array.of(3, 3 * 5, 3 * 6);
  const sum = (values: Float32Array): void => {
    other.forEach((value, i) => {
      values[i] = (values[i] as number) + value;
    });
  };
  const averaging = federatedAveraging({ ...single(), size: 2, sum }, 1);
  await averaging.runStart?.(run);
  weights = trained;
  await averaging.beforeValidation?.();
  // (1 · 1 + 3 · 5) / 4 and (1 · 2 + 3 · 6) / 4.
  expect([...(weights.get("kernel") ?? [])]).toEqual([4, 5]);
});

it("teaches two sites the classes that only the other has", async () => {
  const args = ["--oversubscribe", "-n", "2", process.execPath, "--import", "tsx", "federated.ts"];
  const { stdout } = await promisify(execFile)("mpirun", args, { cwd: folder, env, timeout: 100_000 });
  const accuracies = stdout
    .split("\n")
    .filter((line) => line.startsWith("site "))
    .sort()
    .map((line) => [line.replace(/: .*/, ""), Number(line.replace(/.* /, "")) > 0.9]);
  expect(accuracies).toEqual([
    ["site 0 alone", false],
    ["site 0 with the others", true],
    ["site 1 alone", false],
    ["site 1 with the others", true],
  ]);
}, 110_000);
