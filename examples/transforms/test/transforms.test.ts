import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "..");
const run = async (): Promise<string> =>
  (await promisify(execFile)(join(folder, "../../node_modules/.bin/tsx"), ["main.ts"], { cwd: folder })).stdout;

it("a schedule, accumulation and averaging beat a constant rate on noisy batches", async () => {
  const stdout = await run();
  const errors = [...stdout.matchAll(/test error ([\d.]+)/g)].map(([, value]) => Number(value));
  expect(errors).toHaveLength(3);
  const [constant, scheduled, averaged] = errors as [number, number, number];
  expect(scheduled).toBeLessThan(constant);
  expect(averaged).toBeLessThan(constant);
  expect(stdout).toMatch(/steps 30, norm of the last gradient \d/);
});
