import { execFile } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { create } from "../src/index.ts";

/** Inside the package, so that the new project finds the packages of the workspace. */
const folder = join(import.meta.dirname, "..", ".cache", `test-${process.pid}`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("writes a plugin whose own tests pass", async () => {
  mkdirSync(folder, { recursive: true });
  let printed = "";
  const write = (text: string): void => {
    printed += text;
  };
  const code = await create(["my-hook", "--plugin"], { out: write, err: write, isTty: false, cwd: folder });
  expect({ code, printed }).toMatchObject({ code: 0, printed: expect.stringContaining("npm test") });
  // Without a file of its own, vitest would take the configuration of this repository.
  writeFileSync(join(folder, "my-hook", "vitest.config.js"), "export default {};\n");
  const vitest = join(import.meta.dirname, "../../../node_modules/.bin/vitest");
  const { stdout } = await promisify(execFile)(vitest, ["run", "--root", join(folder, "my-hook")], {
    env: { ...process.env, NO_COLOR: "1" },
  });
  expect(stdout).toMatch(/Tests\s+\d+ passed/);
  expect(Number(stdout.match(/Tests\s+(\d+) passed/)?.[1])).toBeGreaterThan(10);
}, 120_000);
