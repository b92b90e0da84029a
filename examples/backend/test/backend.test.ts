import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "..");
const run = async (): Promise<string> =>
  (await promisify(execFile)(join(folder, "../../node_modules/.bin/tsx"), ["main.ts"], { cwd: folder })).stdout;

it("names the kernels of a model, skips what cannot run, and continues after a lost device", async () => {
  const stdout = await run();
  expect(stdout).toContain("_FusedMatMul");
  expect(stdout).toContain("Opened cpu. Skipped: gpu: no GPU was found (run this on a machine with a GPU).");
  expect(stdout).toMatch(/Running on flaky\.\nContinuing after: The device was lost\.\nResult 10\./);
});
