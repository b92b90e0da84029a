import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import type { Measured } from "../sweep.ts";

const folder = join(import.meta.dirname, "..");
const tsx = join(folder, "../../node_modules/.bin/tsx");

it("trains with batches of 1,024 with SGD and LARS, and prints both curves and the table of the layers", async () => {
  const { stdout } = await promisify(execFile)(tsx, ["main.ts", "--short"], { cwd: folder, timeout: 350_000 });
  const rows = stdout.split("\n").filter((line) => /^\d+ +\d/.test(line));
  expect(rows.length).toBe(3);
  const losses = rows.map((line) =>
    line
      .split(/\s+/)
      .filter((cell) => cell !== "%")
      .map(Number),
  );
  const [, sgd, , lars, accuracy] = losses.at(-1) as [number, number, number, number, number];
  expect(lars).toBeLessThan(sgd);
  expect(lars).toBeLessThan(0.5 * (losses[0]?.[3] as number));
  expect(accuracy).toBeGreaterThan(80);
  expect(stdout.match(/│/g)?.length).toBe(10);
  expect(stdout).toContain("step 24: 5 scaled, 9 not; 0 stuck, 0 exploding");
  for (const layer of ["conv1", "conv2", "conv3", "conv4", "head"]) {
    expect(stdout).toMatch(new RegExp(`^${layer}/kernel .*█`, "m"));
  }
}, 360_000);

it("uses the rates that the sweep found best", () => {
  const { runs } = JSON.parse(readFileSync(join(folder, "results.json"), "utf8")) as { runs: Measured[] };
  const main = readFileSync(join(folder, "main.ts"), "utf8");
  for (const rule of ["sgd", "lars"] as const) {
    const tried = runs.filter((run) => run.rule === rule && run.batchSize === 1024 && run.seed === 1);
    const best = tried.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
    expect(main).toMatch(new RegExp(`${rule}: ${best.peak}\\b`));
  }
});
