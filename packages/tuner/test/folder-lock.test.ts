import "@tensorflow/tfjs-backend-cpu";
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { OptionsError, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFolder } from "../src/files/folder-lock.ts";
import { fineTune } from "../src/index.ts";
import { mlp } from "./nets.ts";
import { examples } from "./support.ts";

const rounds = fileURLToPath(new URL("lock-rounds.ts", import.meta.url));
const args = (folder: string, n: number, hold: number): string[] => [
  "--import",
  "tsx",
  rounds,
  folder,
  String(n),
  String(hold),
];
const locks = (): string[] => readdirSync(folder).filter((name) => name.startsWith("run-"));

let folder: string;
beforeEach(async () => {
  await tf.setBackend("cpu");
  folder = mkdtempSync(join(tmpdir(), "graft-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the lock of a folder", () => {
  it("is refused to a second run by name, and released", async () => {
    const release = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(`${folder} is in use by another run (process ${process.pid})`);
    await release?.();
    expect(locks()).toEqual([]);
    await (await lockFolder(folder))?.();
  });

  it("goes to one of several runs that start together", async () => {
    for (let round = 0; round < 20; round++) {
      const tries = await Promise.allSettled(Array.from({ length: 4 }, () => lockFolder(folder)));
      const held = tries.filter(({ status }) => status === "fulfilled");
      expect(held).toHaveLength(1);
      for (const tried of tries) if (tried.status === "fulfilled") await tried.value?.();
    }
    expect(locks()).toEqual([]);
  });

  it("never goes to two processes at once", async () => {
    const run = () => promisify(execFile)(process.execPath, args(folder, 60, 3));
    const outputs = await Promise.all([run(), run()]);
    const counts = outputs.map(({ stdout }) => JSON.parse(stdout) as { held: number; violations: number });
    expect(counts.map(({ violations }) => violations)).toEqual([0, 0]);
    expect(counts.every(({ held }) => held > 0)).toBe(true);
    expect(locks()).toEqual([]);
  }, 60_000);

  it("survives a crash of its owner whose parent does not notice it, as under mpirun", async () => {
    const quoted = [process.execPath, ...args(folder, 1, 0)].map((part) => `'${part}'`).join(" ");
    // The shell becomes `sleep`, which never asks for the exit code of the owner.
    const parent = spawn("sh", ["-c", `${quoted} & exec sleep 60`], {
      env: { ...process.env, GRAFT_TEST_CRASH: "1" },
    });
    try {
      const state = (): string => {
        const pid = locks()[0]?.split("-")[1];
        return pid === undefined ? "" : readFileSync(`/proc/${pid}/stat`, "utf8");
      };
      await expect.poll(state, { timeout: 30_000 }).toMatch(/\) Z /);
      expect(locks()).toHaveLength(2);
      await (await lockFolder(folder))?.();
      expect(locks()).toEqual([]);
    } finally {
      parent.kill("SIGKILL");
    }
  });

  it("survives a crash of its owner, and a process with the same id that started later", async () => {
    const child = spawn(process.execPath, args(folder, 1, 0), { env: { ...process.env, GRAFT_TEST_CRASH: "1" } });
    const signal = await new Promise((resolve) => child.on("exit", (_code, signal) => resolve(signal)));
    expect(signal).toBe("SIGKILL");
    expect(locks()).toHaveLength(2);
    await (await lockFolder(folder))?.();
    expect(locks()).toEqual([]);
    const release = await lockFolder(folder);
    const [mine = ""] = locks();
    await release?.();
    const earlier = mine.replace(/^run-(\d+)-\d+-/, "run-$1-1-").replace("claim", "held");
    writeFileSync(join(folder, earlier), "");
    await (await lockFolder(folder))?.();
    expect(locks()).toEqual([]);
  }, 60_000);

  it("keeps a lock of another machine, whose processes cannot be looked up", async () => {
    const release = await lockFolder(folder);
    const [mine = ""] = locks();
    await release?.();
    const foreign = mine.replace(/^(run-\d+-\d+-)[0-9a-f]{8}/, "$10badcafe").replace("claim", "held");
    writeFileSync(join(folder, foreign), "");
    await expect(lockFolder(folder)).rejects.toThrow(`delete ${folder}/${foreign}`);
  });
});

describe("two runs on one checkpoint folder", () => {
  const options = (more: object) => ({
    data: examples([4]),
    loss: "categoricalCrossentropy" as const,
    trainable: "head",
    rule: sgd(),
    learningRate: 0.1,
    epochs: 2,
    batchSize: 5,
    checkpoint: { to: folder, everySteps: 1, resume: true },
    ...more,
  });

  it("the second is refused and loses nothing, whether it resumes or not", async () => {
    const errors: unknown[] = [];
    let before: Buffer[] = [];
    const contents = (): Buffer[] =>
      readdirSync(folder)
        .filter((name) => name.startsWith("step-"))
        .map((name) => readFileSync(join(folder, name)));
    const observer = {
      async stepEnd({ step }: { step: number }) {
        if (step !== 3) return;
        before = contents();
        for (const resume of [true, false]) {
          const checkpoint = { to: folder, everySteps: 1, resume };
          await fineTune(mlp(), options({ checkpoint })).catch((error: unknown) => errors.push(error));
        }
        expect(contents()).toEqual(before);
      },
    };
    const { restore, warnings } = await fineTune(mlp(), options({ observers: [observer] }));
    restore();
    expect(errors).toHaveLength(2);
    for (const error of errors) expect(error).toBeInstanceOf(OptionsError);
    expect(String(errors[0])).toContain("is in use by another run");
    expect(warnings).toEqual([]);
    expect(locks()).toEqual([]);
    (await fineTune(mlp(), options({ epochs: 3 }))).restore();
  });

  it("leaves no lock after an error or an abort", async () => {
    const stop = new AbortController();
    const observer = { stepEnd: () => stop.abort(new Error("enough")) };
    await expect(fineTune(mlp(), options({ observers: [observer], signal: stop.signal }))).rejects.toThrow("enough");
    expect(locks()).toEqual([]);
  });
});
