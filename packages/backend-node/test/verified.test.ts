import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VerifyError } from "../src/errors.ts";
import { installFolder } from "../src/install/cache.ts";
import type { InstallReport } from "../src/install/install.ts";
import { installInto } from "../src/install/install-into.ts";
import type { InstallPlan } from "../src/install/plan.ts";
import { reporter } from "../src/install/report.ts";
import { fakeWheel } from "./fake-wheel.ts";

let root: string;
let cache: string;
let calls: number;
let pipCalls: number;
let broken: boolean;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "graft-test-"));
  cache = join(root, "cache");
  [calls, pipCalls, broken] = [0, 0, false];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function install(): Promise<Pick<InstallReport, "status"> & { readonly steps: string }> {
  const { wheel, path } = fakeWheel(root);
  const plan: InstallPlan = {
    target: "linux-x64-cpu",
    wheels: [wheel],
    sources: { wheels: [path], pip: async () => void pipCalls++, index: undefined },
    compile: false,
    projectDir: root,
    verify: async () => {
      calls++;
      if (broken) {
        broken = false;
        throw new VerifyError("MatMul gave 0", "report it");
      }
      return { tensorflow: "9.9.9", gpu: false, milliseconds: 1 };
    },
    placeJs: async () => "nothing, in this test",
  };
  const report = reporter();
  const { status } = await installInto(cache, plan, report);
  return { status, steps: report.steps.join("\n") };
}
const file = (name: string): string => join(installFolder(cache, "linux-x64-cpu", "9.9.9"), name);
const LIBRARY = "tensorflow/libtensorflow_cc.so.2";

describe("a second run", () => {
  it("believes what a child process computed as long as nothing changed, and asks no Python", async () => {
    await install();
    const again = await install();
    expect(again).toMatchObject({ status: "already", steps: expect.stringMatching(/computed on .* nothing changed/) });
    expect([calls, pipCalls]).toEqual([1, 0]);
  });

  it("computes anew in another surrounding, once", async () => {
    await install();
    const before = process.env.LD_LIBRARY_PATH;
    process.env.LD_LIBRARY_PATH = "/somewhere/else";
    try {
      expect((await install()).steps).toMatch(/is installed and computes/);
      await install();
      expect(calls).toBe(2);
    } finally {
      if (before === undefined) delete process.env.LD_LIBRARY_PATH;
      else process.env.LD_LIBRARY_PATH = before;
    }
  });

  it.each(["", "{"])("computes anew where the note is gone or cut off: %j", async (note) => {
    await install();
    if (note === "") rmSync(file("verified.json"));
    else writeFileSync(file("verified.json"), note);
    expect(await install()).toMatchObject({ status: "already" });
    await install();
    expect(calls).toBe(2);
  });

  it("finds a byte flipped in a library, size and time put back, and installs anew", async () => {
    await install();
    const whole = readFileSync(file(LIBRARY));
    const { atime, mtime } = statSync(file(LIBRARY));
    const spoiled = Buffer.from(whole);
    spoiled[1000] = (spoiled[1000] as number) ^ 1;
    writeFileSync(file(LIBRARY), spoiled);
    utimesSync(file(LIBRARY), atime, mtime);
    expect(await install()).toMatchObject({ status: "installed", steps: expect.stringMatching(/sha256/) });
    expect(readFileSync(file(LIBRARY)).equals(whole)).toBe(true);
  });

  it("takes a touched library for whole, after reading it", async () => {
    await install();
    utimesSync(file(LIBRARY), 1, 1);
    expect(await install()).toMatchObject({ status: "already" });
    expect(calls).toBe(2);
  });

  it("installs anew where it changed and no longer computes", async () => {
    await install();
    utimesSync(file(LIBRARY), 1, 1);
    broken = true;
    expect(await install()).toMatchObject({ status: "installed", steps: expect.stringMatching(/MatMul gave 0/) });
  });
});
