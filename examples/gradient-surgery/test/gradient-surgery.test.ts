import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "..");
const tsx = join(folder, "../../node_modules/.bin/tsx");

it("prints the accuracies of each method, the three domains, and the cosines of the tasks", async () => {
  const { stdout } = await promisify(execFile)(tsx, ["main.ts", "--short"], { cwd: folder, timeout: 350_000 });
  const row = (method: string): number[] => {
    const line = stdout.split("\n").find((text) => text.startsWith(`${method} `)) ?? "";
    return [...line.slice(method.length).matchAll(/([\d.]+) ±/g)].map((match) => Number(match[1]));
  };
  const [fresh, forgotten] = row("new digits alone") as [number, number];
  expect(fresh).toBeGreaterThan(60);
  expect(forgotten).toBeLessThan(40);
  for (const method of ["memory, mean", "memory, pcgrad", "memory, upgrad"]) {
    const [learned, kept] = row(method) as [number, number];
    expect(learned).toBeGreaterThan(60);
    expect(kept).toBeGreaterThan(forgotten + 30);
  }
  for (const method of ["anchor 0.1", "ewc 100", "drift-cap 0.2", "memory, a-gem"]) {
    expect(row(method)[1]).toBeGreaterThan(forgotten);
  }
  for (const method of ["mean", "pcgrad", "upgrad", "mgda"]) expect(row(method).length).toBe(4);
  expect(stdout).toMatch(/^ +new +memory\nnew +1\.00 +-?0\.\d\d\nmemory +-?0\.\d\d +1\.00/m);
  expect(stdout).toMatch(/^ +plain +negative +mirrored\nplain +1\.00/m);
}, 360_000);

it("the README shows the run in results.json", () => {
  const { seeds, continual } = JSON.parse(readFileSync(join(folder, "results.json"), "utf8")) as {
    seeds: number[];
    continual: { method: string; new: number; old: number }[][];
  };
  const readme = readFileSync(join(folder, "README.md"), "utf8");
  for (const [i, { method }] of (continual[0] ?? []).entries()) {
    const mean = (pick: (score: { new: number; old: number }) => number): string =>
      ((100 * continual.reduce((sum, run) => sum + pick(run[i] as (typeof run)[0]), 0)) / seeds.length).toFixed(1);
    const line = readme.split("\n").find((text) => text.startsWith(`${method} `));
    expect(line).toContain(`${mean((score) => score.new)} ±`);
    expect(line).toContain(`${mean((score) => score.old)} ±`);
  }
});
