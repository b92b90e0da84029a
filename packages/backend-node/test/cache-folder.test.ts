import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type InstallReport, installNative, nativeBackend } from "../src/index.ts";
import { hasPrebuilt, placePrebuilt } from "../src/install/binding.ts";
import { cacheFolder, filesIn, installFolder, MANIFEST } from "../src/install/cache.ts";
import { type Target, targetFor } from "../src/install/target.ts";
import { noteVerification } from "../src/install/verified.ts";
import { WHEELS } from "../src/install/wheels.ts";

let root: string;
let cache: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "graft-where-"));
  cache = join(root, "it's mine");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

/** Returns the target of this machine, if a binding ships for it. */
function here(): Target | undefined {
  try {
    const target = targetFor("cpu");
    return hasPrebuilt(target) ? target : undefined;
  } catch {
    return undefined;
  }
}

/** Makes an install of the pinned version with a record that it has computed, but without libraries. */
async function pretend(target: Target): Promise<string> {
  const { version = "" } = WHEELS[target][0] ?? {};
  const folder = installFolder(cache, target, version);
  mkdirSync(join(folder, "tensorflow"), { recursive: true });
  await placePrebuilt(target, folder);
  const manifest = { format: 1, target, tensorflow: version, files: filesIn(folder), binding: "prebuilt" };
  writeFileSync(join(folder, MANIFEST), JSON.stringify(manifest));
  noteVerification(folder, version);
  return folder;
}

const install = (options: object): Promise<InstallReport> =>
  installNative({ projectDir: root, ownRoute: false, ...options });

it("`cacheDir` and GRAFT_CACHE name the cache folder itself", () => {
  vi.stubEnv("GRAFT_CACHE", join(root, "here"));
  expect(cacheFolder()).toBe(join(root, "here"));
  expect(cacheFolder(join(root, "here"))).toBe(cacheFolder());
  vi.stubEnv("GRAFT_CACHE", "");
  vi.stubEnv("XDG_CACHE_HOME", root);
  expect(cacheFolder()).toBe(join(root, "graft", "native"));
});

it.runIf(here())(
  "an install in another folder than the default says how to name it, and prints a shell command to undo it",
  async () => {
    const folder = await pretend(here() as Target);
    const report = await install({ cacheDir: cache });
    expect(report).toMatchObject({ status: "already", folder });
    expect(report.steps.at(-1)).toContain(`cacheDir: ${JSON.stringify(cache)}`);
    expect(report.undo).toMatch(/^npx @graftjs\/backend-node uninstall --cache /);
    const argument = report.undo.slice("npx @graftjs/backend-node uninstall --cache ".length);
    expect(execFileSync("sh", ["-c", `printf %s ${argument}`], { encoding: "utf8" })).toBe(cache);
    expect(await nativeBackend({ cacheDir: cache, projectDir: root }).availability()).toMatchObject({ ok: true });
  },
);

it.runIf(here())(
  "an install in the folder of GRAFT_CACHE does not mention the folder, and names the caller's own command to undo it",
  async () => {
    const folder = await pretend(here() as Target);
    vi.stubEnv("GRAFT_CACHE", cache);
    const report = await install({ undoWith: "graft uninstall-native" });
    expect(report).toMatchObject({ status: "already", folder, undo: "graft uninstall-native" });
    expect(report.steps.join("\n")).not.toContain("cacheDir");
  },
);
