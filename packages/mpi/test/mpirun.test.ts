import "@tensorflow/tfjs-backend-cpu";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { folderStore, saveModel, writeSafetensors } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, expect, it } from "vitest";
import { single } from "../src/index.ts";
import { isCutOff } from "../src/mpi/launcher.ts";
import { mpi } from "../src/node.ts";
import { doJob, gradientsOf, METHODS } from "./job.ts";
import { nearest } from "./nearest.ts";
import { bundled, distance, isMpich, mpirun, mpirunEnvironment, underMpirun } from "./ranks.ts";

let program: string;
beforeAll(async () => {
  tf.enableProdMode();
  program = await bundled("rank");
});

it("is one rank without mpirun", () => {
  expect(mpi()).toMatchObject({ rank: 0, size: 1 });
});

it("tells a process that npx has cut off from MPICH's mpirun", () => {
  expect(isCutOff({ PMI_SIZE: "2", PMI_FD: "9999" })).toBe(true);
  // Node may have opened something else under the number of the connection.
  expect(isCutOff({ PMI_SIZE: "2", PMI_FD: String(openSync("/dev/null", "r")) })).toBe(true);
  expect(isCutOff({ OMPI_COMM_WORLD_SIZE: "2", PMI_FD: "9999" })).toBe(false);
  expect(isCutOff({})).toBe(false);
});

it("refuses an unknown format of gradients", () => {
  expect(() => mpi({ wire: "float8" as "float16" })).toThrow(/`wire` is "float8"/);
});

it.each([
  [2, 60, METHODS],
  [4, 20, ["adam"]],
] as const)(
  "%i ranks have the weights of one rank after %i steps, and the same bits in every run",
  async (size, steps, methods) => {
    const jobs = methods.map((method) => ({ method, steps }));
    const { code, results, err } = await underMpirun(program, size, [...jobs, ...(size === 2 ? jobs.slice(0, 1) : [])]);
    expect([code, err]).toEqual([0, ""]);
    for (const [i, job] of jobs.entries()) {
      const alone = await doJob(job, single());
      expect(results[i]?.map((rank) => rank.size)).toEqual(Array.from({ length: size }, () => size));
      for (const rank of results[i] ?? []) expect(distance(alone, rank), job.method).toBeLessThan(1e-6);
      expect(new Set(results[i]?.map(({ weights }) => JSON.stringify(weights))).size).toBe(1);
    }
    if (size === 2) expect(results.at(-1)).toEqual(results[0]);
  },
  // Each step is a meeting of all ranks, which is slow if other programs take the processors.
  400_000,
);

it.each([
  ["float32", 2],
  ["bfloat16", 3],
  ["float16", 2],
] as const)(
  "sums gradients that travel as %s between %i ranks",
  async (wire, size) => {
    const train = { method: "adam", steps: 40 } as const;
    const trains = wire === "bfloat16" ? [train, train] : [];
    const jobs = [{ ...train, sumsOnly: true }, ...trains] as const;
    const { code, results, err } = await underMpirun(program, size, jobs, { env: { GRAFT_WIRE: wire } });
    expect([code, err]).toEqual([0, ""]);
    const ranks = Array.from({ length: size }, (_, rank) => gradientsOf(rank));
    const expected = Array.from(ranks[0] as Float32Array, (_, i) => {
      const round = i < 2 ? Math.fround : (value: number) => nearest(wire, value);
      return 0.5 * round(ranks.reduce((sum, values) => Math.fround(sum + round(values[i] as number)), 0));
    });
    for (const { weights } of results[0] ?? []) expect(weights).toEqual({ sums: expected, firstWrong: [-1] });
    if (trains.length === 0) return;
    expect(results[1]).toEqual(results[2]);
    const alone = await doJob(train, single());
    const [off, loss] = [distance(alone, results[1]?.[0]), results[1]?.[0]?.history.loss?.at(-1) as number];
    expect(loss).toBeCloseTo(alone.history.loss?.at(-1) as number, 2);
    expect(loss).toBeLessThan(alone.history.loss?.[0] as number);
    expect([off > 1e-6, off < 0.02]).toEqual([true, true]);
  },
  100_000,
);

it.each([
  ["throws", {}, /Rank 1: the disk of this rank is full/],
  ["hangs", { GRAFT_TIMEOUT_SECONDS: "2" }, /Rank 0 waited 2 s for the other ranks/],
] as const)("ends all ranks with an exit code if one %s", async (odd, env, message) => {
  const ended = await underMpirun(program, 2, [{ method: "sgd", steps: 12, odd }], { env });
  expect(ended.code).not.toBe(0);
  expect(ended.err).toMatch(message);
  expect(ended.results).toEqual([[]]);
});

it("ends all ranks with an exit code if one is killed, and resumes to the same weights", async () => {
  const folder = mkdtempSync(join(tmpdir(), "graft-mpi-"));
  try {
    const job = { method: "sgd", steps: 12, checkpoint: folder, everySteps: 2 } as const;
    const ended = await underMpirun(program, 2, [{ ...job, odd: "exits", oddAt: 7 }]);
    expect(ended.code).not.toBe(0);
    expect(ended.err + ended.code).toMatch(isMpich ? /9$/ : /signal 9 \(Killed\)/);
    const { results, err } = await underMpirun(program, 2, [
      { ...job, resume: true },
      { method: "sgd", steps: 12 },
    ]);
    expect(err).toBe("");
    expect(results[0]?.map(({ weights }) => weights)).toEqual(results[1]?.map(({ weights }) => weights));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it.skipIf(isMpich)("trains on two machines: network namespaces with a virtual link, over TCP", async () => {
  const job = { method: "lora", steps: 20 } as const;
  const launcher = [join(import.meta.dirname, "../../../tools/mpi/network.sh")] as const;
  const { code, results, err } = await underMpirun(program, 2, [job], { launcher });
  expect([code, err]).toEqual([0, ""]);
  const alone = await doJob(job, single());
  expect(results[0]?.map((rank) => distance(alone, rank) < 1e-6)).toEqual([true, true]);
});

it("runs a recipe: mpirun -n 2 graft run", async () => {
  // In this package's folder, from which the command finds its packages.
  const folder = join(import.meta.dirname, "../.cache", `recipe-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const files = mkdtempSync(join(tmpdir(), "graft-mpi-"));
  try {
    const model = tfl.sequential({ layers: [tfl.layers.dense({ units: 1, inputShape: [2], name: "head" })] });
    await saveModel(model, folderStore(folder));
    const column = (values: number[], shape: number[]) => {
      const data = new Uint8Array(Float32Array.from(values).buffer);
      return { dtype: "F32", shape, data } as const;
    };
    const data = { xs: column([1, 0, 0, 1, 1, 1, 2, 1], [4, 2]), ys: column([1, 2, 3, 4], [4, 1]) };
    writeFileSync(join(folder, "data.safetensors"), writeSafetensors(new Map(Object.entries(data))));
    const run = { model: "model.json", data: "data.safetensors", loss: "meanSquaredError", epochs: 5, batchSize: 2 };
    const recipe = { backends: ["cpu"], trainable: "**", rule: "sgd", learningRate: 0.1, run };
    writeFileSync(join(folder, "recipe.json"), JSON.stringify(recipe));
    const tools = join(import.meta.dirname, "../../..");
    const graft = [
      process.execPath,
      "--import",
      "tsx",
      join(tools, "packages/cli/src/bin.ts"),
      "run",
      "recipe.json",
      "--json",
    ];
    const [launcher, ...flags] = mpirun(2);
    const { stdout } = await promisify(execFile)(launcher, [...flags, ...graft], {
      cwd: folder,
      env: mpirunEnvironment(files),
    });
    const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
    const results = lines
      .map((line) => JSON.parse(line) as { event: string; steps?: number })
      .filter(({ event }) => event === "result");
    expect(results).toEqual([expect.objectContaining({ steps: 10 })]);
    expect(existsSync(join(folder, "delta.safetensors"))).toBe(true);
  } finally {
    rmSync(files, { recursive: true });
    rmSync(folder, { recursive: true });
  }
});
