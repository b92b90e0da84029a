import "@tensorflow/tfjs-backend-cpu";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CheckpointStore } from "../src/checkpoint/store.ts";
import { nodeIo } from "../src/files/node-io.ts";
import { fineTune, folderStore } from "../src/index.ts";
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

async function run(to?: string | CheckpointStore) {
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
  });
  result.restore();
  return { weights: weightsOf(model), steps: result.steps, warnings: result.warnings };
}

/** Root may write anywhere: the run goes on as somebody else. */
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
  it("to a read-only folder does not end the training, and is told once", async () => {
    const expected = await run();
    chmodSync(folder, 0o555);
    const { warnings, ...survived } = await asNobody(() => run(folder));
    expect({ ...survived, warnings: [] }).toEqual(expected);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/step 1 was not written[\s\S]*(EACCES|EROFS|EPERM)/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("to a full disk leaves the older ones, no half file, and is told again after it went well in between", async () => {
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
