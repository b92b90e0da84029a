import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "..");
const tsx = join(folder, "../../node_modules/.bin/tsx");

/** Returns the cells of the row that begins with `name`. Columns are separated by two spaces or more. */
function row(output: string, name: string): string[] {
  const line = output.split("\n").find((text) => text.startsWith(name)) ?? "";
  return line.trim().split(/ {2,}/);
}

it("prints plan, progress and a table: Graft learns more, forgets less and moves no statistic", async () => {
  rmSync(join(folder, "out"), { recursive: true, force: true });
  const { stdout } = await promisify(execFile)(tsx, ["main.ts"], { cwd: folder, timeout: 230_000 });
  expect(stdout).toMatch(/trained .* of .* parameters/);
  expect(stdout).toMatch(/trunk .* layers run once per example/);
  expect(stdout).toMatch(/epoch 20\/20/);
  const percent = (text: string | undefined): number => Number.parseFloat(text ?? "NaN");
  const [, baseNew, , , , , baseOld] = row(stdout, "base (");
  const [, stockNew, , , stockPeak, stockMoved, stockOld] = row(stdout, "stock");
  const [, graftNew, , , graftPeak, graftMoved, graftOld] = row(stdout, "Graft,");
  expect(percent(baseNew)).toBeLessThan(40);
  expect(percent(graftNew)).toBeGreaterThan(percent(stockNew) + 10);
  expect(percent(graftOld)).toBeGreaterThan(percent(stockOld) + 30);
  expect(percent(graftOld)).toBeGreaterThan(percent(baseOld) - 8);
  expect(percent(graftPeak)).toBeLessThan(percent(stockPeak));
  // Stock TensorFlow.js moves all of them although the trunk is frozen.
  expect(stockMoved).toBe("20 of 20");
  expect(graftMoved).toBe("none");
  expect(stdout).toContain("Predictions on 1500 images: identical, bit for bit.");
}, 240_000);

it("starts from a base of at most 300,000 parameters and 1.5 MB whose seed and figures are recorded", () => {
  const figures = JSON.parse(readFileSync(join(folder, "base/figures.json"), "utf8"));
  expect(figures).toMatchObject({ seed: expect.any(Number), digits: [0, 1, 2, 3, 4] });
  expect(figures.parameters).toBeLessThanOrEqual(300_000);
  expect(figures.testAccuracy).toBeGreaterThan(0.97);
  expect(readFileSync(join(folder, "base/weights.bin")).byteLength).toBeLessThan(1.5 * 2 ** 20);
});
