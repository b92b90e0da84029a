import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CacheBusyError } from "../src/errors.ts";
import { installInto } from "../src/install/install-into.ts";
import { takeLock } from "../src/install/lock.ts";
import type { InstallPlan } from "../src/install/plan.ts";
import { reporter } from "../src/install/report.ts";
import { uninstallNative } from "../src/install/uninstall.ts";
import { fakeWheel } from "./fake-wheel.ts";
import { smallPlan } from "./small-plan.ts";

const FIXTURE = join(import.meta.dirname, "slow-install.ts");
let root: string;
let cache: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "graft-two-"));
  cache = join(root, "cache");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const install = (overrides?: Partial<InstallPlan>, report = reporter()): ReturnType<typeof installInto> =>
  installInto(cache, smallPlan(root, overrides), report);

/** Starts an installer in another process that waits in the middle. */
async function slowInstaller(): Promise<ReturnType<typeof spawn>> {
  const child = spawn(process.execPath, ["--import", "tsx", FIXTURE, root, cache], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: join(import.meta.dirname, ".."),
  });
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

describe("two installers on one cache", () => {
  it("in one process: the second waits and finds the install of the first", async () => {
    let placed = 0;
    const placeJs: InstallPlan["placeJs"] = async () => {
      placed++;
      await new Promise((wait) => setTimeout(wait, 300));
      return "slowly";
    };
    const second = reporter();
    const [a, b] = await Promise.all([install({ placeJs }), install({ placeJs }, second)]);
    expect([a.status, b.status]).toEqual(["installed", "already"]);
    expect(placed).toBe(1);
    expect(second.steps[0]).toMatch(new RegExp(`^Process ${process.pid} is working in .*: waiting`));
    expect(readdirSync(cache)).toEqual(["tensorflow-9.9.9-linux-x64-cpu"]);
  });

  it("in two processes: after the time limit, and in uninstall, the error names the other; a killed one does not block", async () => {
    const child = await slowInstaller();
    const message = new RegExp(`Process ${child.pid} is working in [\\s\\S]*Try again`);
    const impatient = await install({ patienceMs: 300 }).catch((cause: unknown) => cause);
    expect(impatient).toBeInstanceOf(CacheBusyError);
    expect((impatient as Error).message).toMatch(message);
    expect(() => uninstallNative({ cacheDir: cache })).toThrow(CacheBusyError);
    expect(readdirSync(cache).filter((name) => name.startsWith(".staging-"))).toHaveLength(1);
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    expect(await install()).toMatchObject({ status: "installed" });
    expect(readdirSync(cache)).toEqual(["tensorflow-9.9.9-linux-x64-cpu"]);
  });

  it("a run that finds an install removes leftovers of a run that was killed after its rename, but not other downloads", async () => {
    const { wheel } = fakeWheel(root);
    await install();
    for (const folder of ["downloads", ".staging-4194303-x"]) mkdirSync(join(cache, folder));
    writeFileSync(join(cache, ".lock"), "4194303 dead\n");
    for (const file of [wheel.file, "nvidia.whl.part"]) writeFileSync(join(cache, "downloads", file), "PK");
    expect(await install()).toMatchObject({ status: "already" });
    expect(readdirSync(cache).sort()).toEqual(["downloads", "tensorflow-9.9.9-linux-x64-cpu"]);
    expect(readdirSync(join(cache, "downloads"))).toEqual(["nvidia.whl.part"]);
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "%s removes the staging folder and the lock, and keeps downloads",
    async (signal) => {
      mkdirSync(join(cache, "downloads"), { recursive: true });
      writeFileSync(join(cache, "downloads", "half.whl.part"), "PK");
      const child = await slowInstaller();
      expect(readdirSync(cache).sort()).toEqual([".lock", expect.stringMatching(/^\.staging-/), "downloads"]);
      const ended = once(child, "exit");
      child.kill(signal);
      expect(await ended).toEqual([null, signal]);
      expect(readdirSync(cache)).toEqual(["downloads"]);
      expect(readdirSync(join(cache, "downloads"))).toEqual(["half.whl.part"]);
    },
  );
});

describe("the lock", () => {
  it("of an ended process is taken over, and one without a name after a while", () => {
    mkdirSync(cache);
    const file = join(cache, ".lock");
    writeFileSync(file, "4194303 dead\n");
    const lock = takeLock(cache);
    expect(takeLock(cache)).toEqual({ holder: process.pid });
    if (!("release" in lock)) throw new Error("not taken");
    lock.release();
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, "");
    expect(takeLock(cache)).toEqual({ holder: undefined });
    utimesSync(file, 1, 1);
    expect(takeLock(cache)).toHaveProperty("release");
  });

  it("that was taken over is not released by its former holder", () => {
    const first = takeLock(cache);
    rmSync(join(cache, ".lock"));
    takeLock(cache);
    if ("release" in first) first.release();
    expect(takeLock(cache)).toEqual({ holder: process.pid });
    expect(readdirSync(cache)).toEqual([".lock"]);
  });
});
