import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "..");

it("tunes on a folder of pictures and predicts new ones", async () => {
  const tsx = join(folder, "../../node_modules/.bin/tsx");
  const { stdout } = await promisify(execFile)(tsx, ["main.ts"], { cwd: folder });
  expect(stdout).toContain("150 pictures in 5 classes, 30 of them for validation: circle 30, cross 30");
  const accuracies = [...stdout.matchAll(/val_acc ([\d.]+)/g)].map(([, value]) => Number(value));
  expect(accuracies).toHaveLength(10);
  expect(Math.max(...accuracies)).toBeGreaterThan(0.7);
  const crosses = stdout.match(/^new\/cross\/cross-\d.*$/gm) ?? [];
  expect(crosses).toHaveLength(4);
  expect(crosses.filter((line) => /\s{2}cross \d/.test(line)).length).toBeGreaterThanOrEqual(3);
});
