import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "..");
const run = async (): Promise<string> =>
  (await promisify(execFile)(join(folder, "../../node_modules/.bin/tsx"), ["main.ts"], { cwd: folder })).stdout;

it("explains a recipe with a kind of a third party, trains with it, and reports all mistakes at once", async () => {
  const stdout = await run();
  expect(stdout).toMatch(/penalties: .*\n {2}1\. lasso/);
  const [first, ...others] = (/weights (.*)/.exec(stdout)?.[1] ?? "").split(" ").map(Number) as [number, ...number[]];
  expect(first).toBeGreaterThan(0.9);
  for (const weight of others) expect(Math.abs(weight)).toBeLessThan(0.05);
  expect(stdout).toMatch(/2 problem\(s\).*learningRate is -1.*Did you mean `lasso`/s);
});
