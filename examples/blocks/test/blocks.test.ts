import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "..");
const tsx = join(folder, "../../node_modules/.bin/tsx");

it("caches the frozen blocks, and the head learns", async () => {
  const { stdout } = await promisify(execFile)(tsx, ["main.ts"], { cwd: folder, timeout: 100_000 });
  expect(stdout).toContain("cached: 2 of 3 blocks");
  expect(Number(/new sentences: ([\d.]+) %/.exec(stdout)?.[1])).toBeGreaterThan(80);
}, 110_000);
