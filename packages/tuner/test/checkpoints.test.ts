import "@tensorflow/tfjs-backend-cpu";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { keeper } from "../src/checkpoint/keeper.ts";
import { type FineTuneOptions, fineTune } from "../src/index.ts";
import { mlp } from "./nets.ts";
import { examples, mapStore, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

const options = (more: Partial<FineTuneOptions>): FineTuneOptions => ({
  data: examples([4]),
  loss: "categoricalCrossentropy",
  trainable: "head",
  rule: sgd({ momentum: 0.9 }),
  learningRate: 0.1,
  epochs: 3,
  batchSize: 8,
  ...more,
});

const content = (n: number) => ({ json: n, arrays: new Map([["a", Float32Array.of(n)]]) });

describe("a folder with an earlier run's checkpoints", () => {
  it("is refused by a new run before its first step, and nothing in it changes", async () => {
    const files = new Map<string, Uint8Array>();
    (await fineTune(mlp(), options({ epochs: 10, checkpoint: { to: mapStore(files) } }))).restore();
    const before = new Map(files);
    const model = mlp();
    const steps: number[] = [];
    const observers = [{ stepEnd: ({ step }: { step: number }) => void steps.push(step) }];
    const given = options({ checkpoint: { to: mapStore(files) }, observers });
    const start = tf.memory().numTensors;
    await expect(fineTune(model, given)).rejects.toThrow(
      /memory has checkpoints of an earlier run; the newest is step-0000000030.graft[\s\S]*resume: true[\s\S]*another folder/,
    );
    expect(tf.memory().numTensors).toBe(start);
    expect(steps).toEqual([]);
    expect(weightsOf(model)).toEqual(weightsOf(mlp()));
    expect(files).toEqual(before);
  });
});

describe("a keeper", () => {
  it("never deletes the checkpoint just written; deletes damaged ones of later steps instead", async () => {
    const files = new Map<string, Uint8Array>();
    for (const n of [7, 8, 9]) await keeper({ to: mapStore(files), keep: 3 }, () => {}).write(n, content(n));
    for (const name of files.keys()) files.set(name, Uint8Array.of(0));
    const kept = keeper({ to: mapStore(files), keep: 2 }, () => {});
    expect(await kept.newest()).toBeUndefined();
    for (const n of [1, 2, 3]) await kept.write(n, content(n));
    expect([...files.keys()].sort()).toEqual(["step-0000000002.graft", "step-0000000003.graft"]);
    expect((await kept.newest())?.json).toBe(3);
  });

  it("keeps checkpoints of later steps that could not be read, because reading may succeed later", async () => {
    const files = new Map<string, Uint8Array>();
    const plain = mapStore(files);
    for (const n of [7, 8]) await keeper({ to: plain }, () => {}).write(n, content(n));
    const failing = { ...plain, read: () => Promise.reject(new Error("EIO")) };
    const kept = keeper({ to: failing, keep: 1 }, () => {});
    await kept.newest();
    await kept.write(1, content(1));
    await kept.write(2, content(2));
    expect([...files.keys()].sort().map((name) => Number(name.slice(5, 15)))).toEqual([2, 7, 8]);
  });

  it("deletes the partial files that killed writes left, and nothing else", async () => {
    const folder = mkdtempSync(join(tmpdir(), "graft-"));
    const half = "step-0000000002.graft.123-0.tmp";
    for (const name of [half, "other.tmp", "step-2.graft.1-0.tmp"]) writeFileSync(join(folder, name), "x");
    (await fineTune(mlp(), options({ checkpoint: { to: folder, resume: true } }))).restore();
    expect(readdirSync(folder)).not.toContain(half);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(["other.tmp", "step-2.graft.1-0.tmp"]));
    rmSync(folder, { recursive: true });
  });
});
