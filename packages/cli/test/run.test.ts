import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, expect, it } from "vitest";
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

beforeEach(async () => write("recipe.json", await setUp()));
afterAll(tearDown);

it("run prints the plan and the epochs, and writes a delta of the trained tensors alone", async () => {
  const { code, out, err } = await graft("run", "recipe.json");
  expect(err).toBe("");
  expect(code).toBe(0);
  expect(out).toMatch(/trained +10 of 26 parameters/);
  expect(out).toMatch(/epoch 2\/2 .*loss/);
  const delta = readFileSync(join(folder, "out", "delta.safetensors"));
  const header = JSON.parse(delta.subarray(8, 8 + Number(delta.readBigUInt64LE(0))).toString("utf8"));
  expect(
    Object.keys(header)
      .filter((name) => name !== "__metadata__")
      .sort(),
  ).toEqual(["head/bias", "head/kernel"]);
});

it("plan --json is data, and trains nothing", async () => {
  const { code, out } = await graft("plan", "recipe.json", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out).parameters).toMatchObject({ trained: 10, total: 26 });
});

it("list and explain name what a recipe can use and what its step does", async () => {
  expect((await graft("list", "recipe.json")).out).toMatch(/hook +clip-by-global-norm/);
  expect((await graft("explain", "recipe.json")).out).toMatch(/clip-by-global-norm[\s\S]*sgd/);
});

it("help names every command and the exit codes", async () => {
  const { code, out } = await graft("--help");
  expect(code).toBe(0);
  for (const command of ["run", "plan", "explain", "list"]) expect(out).toContain(`graft ${command}`);
  expect(out).toContain("Exit codes");
});
