import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, expect, it } from "vitest";
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

const run = {
  model: "model.json",
  data: "data.js",
  effort: "tail",
  batchSize: 16,
  output: "out.safetensors",
  earlyStopping: { patience: 1 },
};
const short = { ...run, epochs: 2 };
const recipe = { plugins: ["@graftjs/backend-wasm"], backends: ["wasm"] };

beforeEach(async () => void (await setUp()));
afterAll(tearDown);

it("run takes a recipe that gives model, data and effort only", async () => {
  write("recipe.json", { ...recipe, run });
  const { code, out, err } = await graft("run", "recipe.json");
  expect(err).toMatch(/^probe: rate [\d.e-]+, \d+ epoch\(s\)\ntune: rate [\d.e-]+, \d+ epoch\(s\)\n$/);
  expect(code).toBe(0);
  expect(out).toContain('"effort": "tail" is short for 2 stage(s):');
  const delta = readFileSync(join(folder, "out.safetensors")).toString("latin1");
  for (const name of ["body/kernel", "head/kernel"]) expect(delta).toContain(name);
});

it("plan prints the recipe of each stage, with the parts of the given one", async () => {
  write("recipe.json", { ...recipe, rule: { use: "sgd", with: { momentum: 0.8 } }, run: { ...short, keep: 1 } });
  const { out } = await graft("plan", "--trust-paths", "recipe.json");
  const [probe, tune] = ["probe", "tune"].map((stage) =>
    JSON.parse(new RegExp(`^  ${stage}: (.*)$`, "m").exec(out)?.[1] ?? ""),
  );
  expect(probe).toMatchObject({ trainable: "head", rule: "adam", learningRate: "find" });
  expect(tune).toMatchObject({
    trainable: ["body/**", "head/**"],
    rule: { use: "sgd", with: { momentum: 0.8 } },
    learningRate: "find",
    callbacks: [{ use: "average-with-start", with: { weight: 0.5 } }],
    run: { epochs: 2 },
  });
});

it("continues from a checkpoint of either stage", async () => {
  write("recipe.json", { ...recipe, learningRate: 0.01, run: short });
  await graft("run", "recipe.json", "--checkpoint", "state");
  const whole = readFileSync(join(folder, "out.safetensors"));
  const again = await graft("run", "recipe.json", "--checkpoint", "state", "--resume");
  expect(again.code).toBe(0);
  expect(readFileSync(join(folder, "out.safetensors")).equals(whole)).toBe(true);
});

it("explain and schema know the effort, and its options need it", async () => {
  write("recipe.json", { ...recipe, run });
  expect((await graft("explain", "recipe.json")).code).toBe(0);
  expect((await graft("schema")).out).toContain('"effort"');
  write("recipe.json", {
    ...recipe,
    rule: "adam",
    learningRate: 0.1,
    run: { ...run, effort: undefined, epochs: 1, keep: 1 },
  });
  expect(await graft("plan", "--trust-paths", "recipe.json")).toMatchObject({
    code: 2,
    err: expect.stringContaining("It has `keep`, but no `effort`"),
  });
});
