import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VerifyError } from "../src/errors.ts";
import { placePrebuilt, refreshPrebuilt } from "../src/install/binding.ts";
import { installFolder, type Manifest, readInstall } from "../src/install/cache.ts";
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

describe("a binding that ships damaged", () => {
  const binding = (): string => file("tensorflow/tfjs_binding.node");
  const old = Buffer.from("the binding of an older version, which computes");

  it("never takes the place of one that works", async () => {
    await install();
    writeFileSync(binding(), old);
    const shipped = mkdtempSync(join(root, "shipped-"));
    cpSync(join(import.meta.dirname, "../prebuilt"), shipped, { recursive: true });
    appendFileSync(join(shipped, "linux-x64.node"), "x");
    const folder = installFolder(cache, "linux-x64-cpu", "9.9.9");
    const manifest = readInstall(folder) ?? ({ files: {} } as Manifest);
    await expect(refreshPrebuilt("linux-x64-cpu", folder, manifest, shipped)).rejects.toThrow(/not the binding/);
    await expect(placePrebuilt("linux-x64-cpu", folder, shipped)).rejects.toThrow(/not the binding/);
    expect(readFileSync(binding()).equals(old)).toBe(true);
    expect(readdirSync(join(folder, "tensorflow")).filter((name) => name.startsWith("tfjs_binding.node"))).toEqual([
      "tfjs_binding.node",
    ]);
  });

  it("gives way to the old one again if it does not compute", async () => {
    await install();
    const good = readFileSync(binding());
    writeFileSync(binding(), Buffer.concat([good, old]));
    const folder = installFolder(cache, "linux-x64-cpu", "9.9.9");
    const refreshed = await refreshPrebuilt(
      "linux-x64-cpu",
      folder,
      JSON.parse(readFileSync(file("manifest.json"), "utf8")),
    );
    expect(readFileSync(binding()).equals(good)).toBe(true);
    refreshed?.undo();
    expect(readFileSync(binding()).equals(Buffer.concat([good, old]))).toBe(true);
    expect(readInstall(folder)).toBeDefined();
  });
});

describe("a second run", () => {
  it("relies on the record as long as nothing changes, and does not start Python", async () => {
    await install();
    const again = await install();
    expect(again).toMatchObject({ status: "already", steps: expect.stringMatching(/computed on .* has not changed/) });
    expect([calls, pipCalls]).toEqual([1, 0]);
  });

  it("computes again once in other surroundings", async () => {
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

  it.each(["", "{"])("computes again if the record is missing or truncated: %j", async (note) => {
    await install();
    if (note === "") rmSync(file("verified.json"));
    else writeFileSync(file("verified.json"), note);
    expect(await install()).toMatchObject({ status: "already" });
    await install();
    expect(calls).toBe(2);
  });

  it("finds a flipped byte in a library although size and time are unchanged, and installs again", async () => {
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

  it("accepts a touched library after reading it", async () => {
    await install();
    utimesSync(file(LIBRARY), 1, 1);
    expect(await install()).toMatchObject({ status: "already" });
    expect(calls).toBe(2);
  });

  it("installs again if a file has changed and it no longer computes", async () => {
    await install();
    utimesSync(file(LIBRARY), 1, 1);
    broken = true;
    expect(await install()).toMatchObject({ status: "installed", steps: expect.stringMatching(/MatMul gave 0/) });
  });
});
