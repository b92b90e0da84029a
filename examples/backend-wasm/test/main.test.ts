import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "..");
const tsx = join(folder, "../../node_modules/.bin/tsx");

it("trains a convolutional net on wasm and prints a loss that falls", async () => {
  const { stdout } = await promisify(execFile)(tsx, ["main.ts"], { cwd: folder, timeout: 110_000 });
  const losses = [...stdout.matchAll(/loss (\d\.\d+)/g)].map(([, loss]) => Number(loss));
  expect(losses).toHaveLength(5);
  expect(losses.at(-1)).toBeLessThan(0.5 * (losses[0] as number));
  const [, accuracy] = /unseen digits: (\d+\.\d)/.exec(stdout) ?? [];
  expect(Number(accuracy)).toBeGreaterThan(75);
});
