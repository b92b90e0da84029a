import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { testHook } from "@graftjs/testing";
import { expect, it } from "vitest";
import { grokfast } from "../grokfast.ts";

const folder = join(import.meta.dirname, "..");

testHook(() => grokfast());

it("trains with a recipe, saves the run, and resumes it bit for bit", async () => {
  const tsx = join(folder, "../../node_modules/.bin/tsx");
  const { stdout } = await promisify(execFile)(tsx, ["main.ts"], { cwd: folder });
  expect(stdout).toContain("1. grokfast on");
  const losses = [...stdout.matchAll(/step (\d+) {2}loss ([\d.]+)/g)].map(([, step, loss]) => [
    Number(step),
    Number(loss),
  ]);
  expect(losses.map(([step]) => step)).toEqual([20, 40, 60, 80, 20, 40, 60, 80]);
  expect(losses.slice(4)).toEqual(losses.slice(0, 4));
  expect(losses[3]?.[1]).toBeLessThan(0.5 * (losses[0]?.[1] as number));
  expect(stdout.trim().endsWith("the weights are the same, bit for bit")).toBe(true);
});

it("keeps the hook within 20 lines", () => {
  const source = readFileSync(join(folder, "grokfast.ts"), "utf8");
  const hook = source.slice(source.indexOf("/**"), source.indexOf("const number"));
  expect(hook.trim().split("\n").length).toBeLessThanOrEqual(20);
});
