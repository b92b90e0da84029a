import "@tensorflow/tfjs-backend-cpu";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { single } from "../src/index.ts";
import { mpi } from "../src/node.ts";
import { doJob, METHODS } from "./job.ts";
import { bundled, distance, underMpirun } from "./ranks.ts";

let program: string;
beforeAll(async () => {
  tf.enableProdMode();
  program = await bundled("rank");
});

it("is one rank without mpirun", () => {
  expect(mpi()).toMatchObject({ rank: 0, size: 1 });
});

it.each([
  [2, METHODS],
  [4, ["adam"]],
] as const)(
  "%i ranks have the weights of one rank after 60 steps, and the same bits in two runs",
  async (size, methods) => {
    const jobs = methods.map((method) => ({ method, steps: 60 }));
    const { code, results, err } = await underMpirun(program, size, [...jobs, jobs[0] as (typeof jobs)[0]]);
    expect([code, err]).toEqual([0, ""]);
    for (const [i, job] of jobs.entries()) {
      const alone = await doJob(job, single());
      expect(results[i]?.map((rank) => rank.size)).toEqual(Array.from({ length: size }, () => size));
      for (const rank of results[i] ?? []) expect(distance(alone, rank), job.method).toBeLessThan(1e-6);
      expect(new Set(results[i]?.map(({ weights }) => JSON.stringify(weights))).size).toBe(1);
    }
    expect(results.at(-1)).toEqual(results[0]);
  },
);

it.each([
  ["throws", {}, /Rank 1: the disk of this rank is full/],
  ["exits", {}, /signal 9 \(Killed\)/],
  ["hangs", { GRAFT_TIMEOUT_SECONDS: "2" }, /Rank 0 waited 2 s for the other ranks/],
] as const)(
  "ends all ranks with an exit code if one %s, and resumes to the same weights",
  async (odd, env, message) => {
    const folder = mkdtempSync(join(tmpdir(), "graft-mpi-"));
    try {
      const job = { method: "sgd", steps: 12, checkpoint: folder, everySteps: 2 } as const;
      const ended = await underMpirun(program, 2, [{ ...job, odd, oddAt: 7 }], env);
      expect(ended.code).not.toBe(0);
      expect(ended.err).toMatch(message);
      const { results, err } = await underMpirun(program, 2, [
        { ...job, resume: true },
        { method: "sgd", steps: 12 },
      ]);
      expect(err).toBe("");
      expect(results[0]?.map(({ weights }) => weights)).toEqual(results[1]?.map(({ weights }) => weights));
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
