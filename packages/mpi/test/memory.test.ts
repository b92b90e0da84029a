import "@tensorflow/tfjs-backend-cpu";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testHook } from "@graftjs/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { averageGradients, memory, memoryGroup, single } from "../src/index.ts";
import { decode, encode } from "../src/wire/formats.ts";
import { doJob, gradientsOf } from "./job.ts";
import { nearest } from "./nearest.ts";
import { bundled, distance, onThreads } from "./ranks.ts";

testHook(() => averageGradients(single()));

let program: string;
beforeAll(async () => {
  tf.enableProdMode();
  program = await bundled("rank");
});

describe("ranks in threads", () => {
  it("train as one rank does, each on its own rows, and only rank 0 tells observers", async () => {
    const job = { method: "adam", steps: 20, accumulate: 1 } as const;
    const inOrder = { method: "sgd", steps: 20, shuffle: false } as const;
    const small = { method: "lora", steps: 9, accumulate: 3, sam: 0.1 } as const;
    const [first = [], again = [], ordered = [], accumulated = []] = await onThreads(program, 3, [
      job,
      job,
      inOrder,
      small,
    ]);
    const alone = await doJob(job, single());
    for (const rank of first) {
      expect(distance(alone, rank)).toBeLessThan(1e-6);
      expect(rank.weights).toEqual(first[0]?.weights);
      expect(rank.history.val_loss?.at(-1)).toBeCloseTo(alone.history.val_loss?.at(-1) as number, 6);
      expect(rank.history.acc).toEqual(alone.history.acc);
    }
    expect(again[0]?.weights).toEqual(first[0]?.weights);
    expect(first.map(({ events }) => events)).toEqual([20, 0, 0]);
    // 125 examples of data and 13 of validation, 8 numbers each.
    expect(first.reduce((sum, { cachedBytes }) => sum + cachedBytes, 0)).toBe((125 + 13) * 8 * 4);
    // A run that knows nothing of ranks has the same batches if nothing is shuffled.
    expect(distance(await doJob(inOrder), ordered[2])).toBeLessThan(1e-6);
    expect(distance(await doJob(small, single()), accumulated[1])).toBeLessThan(1e-6);
    expect(distance(await doJob({ ...small, sam: 1e-6 }, single()), accumulated[1])).toBeGreaterThan(1e-4);
  });

  it.each([
    ["rate", /learningRate: rank 0 has 0.05, is 0.1/],
    ["data", /data: was other examples|rank 1 and rank 0, data/],
    ["base", /rank 1 and rank 0, base: rank 0 has/],
    ["many-epochs", /epochs: rank 0 has 100, is 99/],
    ["wire", /wire: rank 0 has "float32", is "bfloat16"/],
    ["version", /tfjs: rank 0 has "4\.\d+\.\d+", is "4\.0\.0"/],
    ["misspelt", /Rank 1 cannot take part in the run: fineTune has 1 wrong option|wrong option/],
    ["throws", /the disk of this rank is full/],
    ["aborts", /Ctrl-C|stopped on another rank/],
  ] as const)("all end if one has another run or fails: %s", async (odd, message) => {
    const [ranks = []] = await onThreads(program, 2, [{ method: "sgd", steps: 8, odd }]);
    expect(ranks.map(({ error, weights }) => [error, weights])).toEqual([
      [expect.stringMatching(message), undefined],
      [expect.stringMatching(message), undefined],
    ]);
  });

  it.each([
    ["batch-norm", 2, /`norm` normalises by the batch/],
    ["hook", 2, /Leave the hook average-gradients out/],
    ["small-batch", 3, /3 ranks share 125 example\(s\) of `data` in batches of 2/],
  ] as const)("are refused if they cannot do the run together: %s", async (refused, size, message) => {
    const [ranks = []] = await onThreads(program, size, [{ method: "sgd", steps: 8, refused }]);
    expect(ranks.map(({ error }) => error)).toEqual(Array.from({ length: size }, () => expect.stringMatching(message)));
  });

  it("stop early after the same epoch, by the validation data of all ranks", async () => {
    const job = { method: "sgd", steps: 900, patience: 1 } as const;
    const [ranks = []] = await onThreads(program, 2, [job]);
    const alone = await doJob(job, single());
    expect(alone.steps).toBeLessThan(900);
    expect(ranks.map(({ steps }) => steps)).toEqual([alone.steps, alone.steps]);
  });

  it("resume from the checkpoint of rank 0 to the same weights, and on another number of ranks up to rounding", async () => {
    const [folder, other] = [1, 2].map(() => mkdtempSync(join(tmpdir(), "graft-mpi-"))) as [string, string];
    try {
      const job = { method: "adam", steps: 14, checkpoint: folder, everySteps: 3 } as const;
      const [whole = []] = await onThreads(program, 2, [{ method: "adam", steps: 14 }]);
      await onThreads(program, 2, [{ ...job, odd: "throws", oddAt: 11 }]);
      expect(readdirSync(folder).length).toBeGreaterThan(0);
      const [resumed = []] = await onThreads(program, 2, [{ ...job, resume: true }]);
      expect(resumed.map(({ weights, steps }) => [weights, steps])).toEqual(whole.map(({ weights }) => [weights, 14]));
      await onThreads(program, 2, [{ ...job, checkpoint: other, odd: "throws", oddAt: 11 }]);
      const [onThree = []] = await onThreads(program, 3, [{ ...job, checkpoint: other, resume: true }]);
      for (const rank of onThree) expect(distance(whole[0], rank)).toBeLessThan(1e-6);
      // The sums of the interrupted epoch are added in another order.
      expect(resumed[0]?.history.loss?.[0]).toBeCloseTo(whole[0]?.history.loss?.[0] as number, 6);
    } finally {
      for (const made of [folder, other]) rmSync(made, { recursive: true });
    }
  });
});

it("read the frozen layer's outputs from files of runs with another number of ranks", async () => {
  const folder = mkdtempSync(join(tmpdir(), "graft-mpi-"));
  try {
    const job = { method: "adam", steps: 2, cache: folder } as const;
    const files = () => readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mtimeMs]);
    const [two = []] = await onThreads(program, 2, [job]);
    const written = files();
    // One file for each place in a batch of 8, of the data and of the validation data.
    expect(written.length).toBe(16);
    const alone = await doJob(job, single());
    const [three = []] = await onThreads(program, 3, [job]);
    expect(files()).toEqual(written);
    for (const rank of [...two, ...three]) expect(distance(alone, rank)).toBeLessThan(1e-6);
    // A damaged file is computed again.
    writeFileSync(join(folder, written[0]?.[0] as string), "");
    expect((await doJob(job, single())).weights).toEqual(alone.weights);
    expect(statSync(join(folder, written[0]?.[0] as string)).size).toBeGreaterThan(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("names a rank that a group does not have", () => {
  expect(() => memory(memoryGroup(2), 2)).toThrow(/no rank 2/);
  expect(() => memoryGroup(0)).toThrow(/group of 0 ranks/);
});

it.each(["float16", "bfloat16"] as const)("rounds to %s as a plain calculation does", (wire) => {
  const special = [
    0,
    -0,
    65504,
    65519.99,
    65520,
    -1e30,
    3.4e38,
    Number.POSITIVE_INFINITY,
    2 ** -24,
    2 ** -14 - 2 ** -26,
  ];
  const values = Float32Array.from([...gradientsOf(0), ...gradientsOf(1), ...special, Number.NaN]);
  const halves = new Uint16Array(values.length);
  const back = new Float32Array(values.length);
  encode(wire, values, halves);
  decode(wire, halves, back);
  expect([...back]).toEqual(Array.from(values, (value) => nearest(wire, value)));
});
