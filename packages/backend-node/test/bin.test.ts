import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const root = mkdtempSync(join(tmpdir(), "graft-bin-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const cache = join(root, "cache");

/** Runs the command from its source, in an empty project. */
function bin(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const command = join(import.meta.dirname, "../src/bin.ts");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", import.meta.resolve("tsx"), command, ...args],
    { encoding: "utf8", cwd: root, env: { ...process.env, GRAFT_CACHE: cache } },
  );
  return { status, stdout, stderr };
}

it.each([
  [[], "The command is missing."],
  [["instal"], "Unknown command: instal."],
  [["install", "--gpo"], "--gpo"],
  [["install", "cpu"], "cpu"],
  [["uninstall", "--wheel", "x.whl"], "--wheel"],
])("a wrong command line, %o: the usage, status 2, no stack", (args, named) => {
  const { status, stdout, stderr } = bin(...args);
  expect(status).toBe(2);
  expect(stderr).toContain(named);
  expect(stderr).toContain("npx @graftjs/backend-node install [--gpu]");
  expect(stderr).not.toMatch(/^ +at |TypeError/m);
  expect(stdout).toBe("");
});

it("--help ends with status 0", () => {
  expect(bin("install", "--help")).toMatchObject({
    status: 0,
    stderr: "",
    stdout: expect.stringContaining("uninstall"),
  });
});

it("a missing wheel is reported before anything is done", () => {
  const { status, stderr } = bin("install", "--wheel", "/nowhere/tensorflow.whl");
  expect(status).toBe(2);
  expect(stderr).toMatch(/^OptionsError: [\s\S]*\/nowhere\/tensorflow\.whl does not exist/);
  expect(existsSync(cache)).toBe(false);
});

it("uninstall removes the installs in GRAFT_CACHE and reports them", () => {
  expect(bin("uninstall").stdout).toContain("nothing was installed");
  const folder = join(cache, "tensorflow-9.9.9-linux-x64-cpu");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "libtensorflow_cc.so.2"), "x");
  expect(JSON.parse(bin("uninstall", "--json").stdout)).toEqual({ removed: [folder], bytes: 1 });
  expect(existsSync(cache)).toBe(false);
});
