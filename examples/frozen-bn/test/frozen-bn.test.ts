import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "..");
const tsx = join(folder, "../../node_modules/.bin/tsx");

it("a short run on emoji keeps the statistics, needs a third of the memory, and carries over bit for bit", async () => {
  const { stdout } = await promisify(execFile)(tsx, ["main.ts", "--short"], { cwd: folder, timeout: 350_000 });
  expect(stdout).toMatch(/52 layers, 1 batches: freeze \d+, recalibrate \d+, train \d+/);
  const row = (kind: string): string => stdout.split("\n").find((line) => line.startsWith(`1     ${kind}`)) ?? "";
  const peak = (kind: string): number => Number(row(kind).split(/\s{2,}/)[6]);
  expect(row("frozen")).toMatch(/unmoved\s+bit for bit$/);
  expect(row("stock")).toMatch(/ moved\s+off by 0\.\d+$/);
  expect(peak("stock")).toBeGreaterThan(3 * peak("frozen"));
}, 360_000);
