import "@tensorflow/tfjs-backend-cpu";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { nodeIo } from "../src/files/node-io.ts";
import type { CheckpointStore } from "../src/files/stores/store.ts";
import { type Element, type FineTuneOptions, fineTune, folderStore, htmlReport } from "../src/index.ts";
import { mlp } from "./nets.ts";
import { examples, weightsOf } from "./support.ts";

let folder: string;
beforeEach(async () => {
  await tf.setBackend("cpu");
  folder = mkdtempSync(join(tmpdir(), "graft-test-"));
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true });
});

async function run(to?: string | CheckpointStore, more: Partial<FineTuneOptions> = {}) {
  const model = mlp();
  const result = await fineTune(model, {
    data: examples([4]),
    loss: "categoricalCrossentropy",
    trainable: "head",
    rule: sgd({ momentum: 0.9 }),
    learningRate: 0.1,
    epochs: 3,
    batchSize: 5,
    ...(to === undefined ? {} : { checkpoint: { to, everySteps: 1, resume: true } }),
    ...more,
  });
  result.restore();
  return { weights: weightsOf(model), steps: result.steps, warnings: result.warnings };
}

/** Drops root privileges during the run, because root may write anywhere. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe("a checkpoint that cannot be written", () => {
  it("to a read-only folder does not end the training, and is reported once", async () => {
    const expected = await run();
    chmodSync(folder, 0o555);
    const { warnings, ...survived } = await asNobody(() => run(folder));
    expect({ ...survived, warnings: [] }).toEqual(expected);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toBe(`${folder} could not be reserved for this run. A second run would not be refused.`);
    expect(warnings[1]).toMatch(/Could not write the checkpoint of step 1[\s\S]*(EACCES|EROFS|EPERM)/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("to a full disk keeps older ones, leaves no partial file, and is reported again after a success", async () => {
    const io = nodeIo();
    let writes = 0;
    const filling = {
      ...io,
      async writeFlushed(path: string, bytes: Uint8Array) {
        writes++;
        if (writes <= 2 || writes === 6) return io.writeFlushed(path, bytes);
        await io.writeFlushed(path, bytes.subarray(0, bytes.length >> 1));
        throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      },
    };
    const expected = await run();
    const { warnings, ...survived } = await run(folderStore(folder, filling));
    expect({ ...survived, warnings: [] }).toEqual(expected);
    expect(warnings).toHaveLength(2);
    expect(warnings.every((line) => line.includes("ENOSPC"))).toBe(true);
    expect(readdirSync(folder).toSorted()).toEqual(["step-0000000002.graft", "step-0000000006.graft"]);
    const { warnings: none, ...resumed } = await run(folder);
    expect({ ...resumed, warnings: none }).toEqual(expected);
  });
});

describe("a folder", () => {
  it("is created with its parents, refused below a file, and fails on file systems without new folders", async () => {
    const { makeFolder } = nodeIo();
    await Promise.all([makeFolder(join(folder, "a/b/c")), makeFolder(join(folder, "a/b/c"))]);
    await makeFolder(join(folder, "a/b/c/"));
    writeFileSync(join(folder, "a/file"), "x");
    await expect(makeFolder(join(folder, "a/file/b"))).rejects.toThrow(/ENOTDIR|EEXIST/);
    if (existsSync("/proc/self")) await expect(makeFolder("/proc/none/deeper")).rejects.toThrow(/ENOENT/);
    expect(readdirSync(join(folder, "a/b"))).toEqual(["c"]);
  });
});

describe("a report that cannot be written", () => {
  const to = (): string => join(folder, "run.html");

  it("does not fail a finished run, whose history, weights and warnings are returned", async () => {
    const expected = await run();
    chmodSync(folder, 0o555);
    const { warnings, ...survived } = await asNobody(() => run(undefined, { observers: [htmlReport({ to: to() })] }));
    expect({ ...survived, warnings: [] }).toEqual(expected);
    expect(warnings).toEqual([
      expect.stringMatching(/`html-report` failed at the end of the run: Cannot write .*run\.html/),
    ]);
  });

  it("does not hide why a run ended, and other observers are told and patches removed", async () => {
    const undone: string[] = [];
    const patch = { name: "patch", apply: () => ({ restore: () => void undone.push("patch") }) };
    const failing = { name: "failing", runEnd: () => Promise.reject(new Error("the report is gone")) };
    const ends: unknown[] = [];
    const last = { runEnd: ({ error }: { error?: unknown }) => void ends.push(error) };
    const broken = { stepEnd: () => Promise.reject(new Error("the real reason")) };
    const more = { patches: [patch], observers: [failing, last, broken] };
    await expect(run(undefined, more)).rejects.toThrow("the real reason");
    expect(undone).toEqual(["patch"]);
    expect(ends).toEqual([expect.objectContaining({ message: "the real reason" })]);
  });

  it("is not written by a run that never started, so the previous report stays", async () => {
    await run(undefined, { observers: [htmlReport({ to: to() })] });
    const before = readFileSync(to(), "utf8");
    await run(join(folder, "state"));
    const checkpoint = { to: join(folder, "state") };
    await expect(run(undefined, { checkpoint, observers: [htmlReport({ to: to() })] })).rejects.toThrow(/earlier run/);
    expect(readFileSync(to(), "utf8")).toBe(before);
  });
});

describe("a cache that cannot be written", () => {
  it("lets the run continue from memory, or without a cache for a stream, each with one warning", async () => {
    const expected = await run();
    const { xs, ys } = examples([4]);
    const stream = function* (): Generator<Element> {
      for (let i = 0; i < 20; i += 4) yield { xs: tf.slice(xs, i, 4), ys: tf.slice(ys, i, 4) };
    };
    chmodSync(folder, 0o555);
    const cases = [
      [{}, /feature cache to .*; continuing with an in-memory cache: Cannot write .*(EACCES|EROFS|EPERM)/],
      [{ data: { stream, buffer: 20 } }, /continuing without a cache: Cannot write .*(EACCES|EROFS|EPERM)/],
    ] as const;
    for (const [more, message] of cases) {
      const before = tf.memory().numTensors;
      const given = { ...more, cache: { store: folder }, validation: { xs, ys } };
      const { warnings, ...survived } = await asNobody(() => run(undefined, given));
      expect({ ...survived, warnings: [] }).toEqual(expected);
      expect(warnings).toEqual([expect.stringMatching(message)]);
      // The six tensors of the model, and the examples that are made for every run.
      expect(tf.memory().numTensors - before).toBe(8);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it("on a disk that fills up leaves no partial file that a later run would accept", async () => {
    const { xs, ys } = examples([4], 200);
    const stream = function* (): Generator<Element> {
      for (let i = 0; i < 200; i += 10) yield { xs: tf.slice(xs, i, 10), ys: tf.slice(ys, i, 10) };
    };
    const io = nodeIo();
    let writes = 0;
    const filling = folderStore(folder, {
      ...io,
      writeFlushed: (path, bytes) =>
        ++writes > 2 ? Promise.reject(new Error("ENOSPC: no space left on device")) : io.writeFlushed(path, bytes),
    });
    const more = { data: { stream, examples: 200, buffer: 50 }, batchSize: 10 };
    const { warnings: none, ...expected } = await run(undefined, { ...more, cache: false });
    const { warnings, ...first } = await run(undefined, { ...more, cache: { store: filling } });
    expect(first).toEqual(expected);
    // The labels are random, so each run also warns that it does not learn.
    const guess = expect.stringContaining("that of a guess");
    expect([none, warnings]).toEqual([[guess], [expect.stringContaining("ENOSPC"), guess]]);
    expect(readdirSync(folder)).toHaveLength(2);
    const { warnings: second, ...again } = await run(undefined, { ...more, cache: { store: folder } });
    expect([again, second]).toEqual([expected, [guess]]);
    expect(readdirSync(folder).filter((name) => name.endsWith("whole.graft"))).toHaveLength(1);
  });
});
