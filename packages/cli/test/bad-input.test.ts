import { existsSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, expect, it } from "vitest";
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

let recipe: Record<string, unknown>;
beforeEach(async () => {
  recipe = await setUp();
});
afterAll(tearDown);

/** Returns the error that `graft run` prints for a recipe. Checks that nothing was written. */
async function errorOf(broken: Record<string, unknown>): Promise<string> {
  write("recipe.json", broken);
  const { code, err } = await graft("run", "recipe.json");
  expect(code).toBe(2);
  expect(err).not.toMatch(/^ +at /m);
  expect(existsSync(join(folder, "out", "delta.safetensors"))).toBe(false);
  return err;
}

it("a plugin that is not installed: says how to install it", async () => {
  expect(
    await errorOf({ ...recipe, plugins: [...(recipe.plugins as string[]), "@nobody/graft-plugin"] }),
  ).toMatchInlineSnapshot(`
    "The recipe has 1 problem(s).
      @nobody/graft-plugin is not installed: npm install @nobody/graft-plugin
    "
  `);
});

it("a misspelt name: suggests similar names", async () => {
  expect(await errorOf({ ...recipe, hooks: ["clip-by-globl-norm"] })).toMatchInlineSnapshot(`
    "The recipe has 1 problem(s).
      hooks[0]: no plugin is named \`clip-by-globl-norm\`. Did you mean \`clip-by-global-norm\` or \`clip-by-norm\` or \`clip-by-block-rms\`?
    "
  `);
});

it("an unknown option: suggests a similar one", async () => {
  expect(await errorOf({ ...recipe, rule: { use: "sgd", with: { momentun: 0.9 } } })).toMatchInlineSnapshot(`
    "The recipe has 1 problem(s).
      rule \`sgd\`: \`momentun\` is not an option. Did you mean \`momentum\`?
    "
  `);
});

it("a negative learning rate", async () => {
  expect(await errorOf({ ...recipe, learningRate: -0.1 })).toMatchInlineSnapshot(`
    "The recipe has 1 problem(s).
      learningRate is -0.1. Give a number ≥ 0, or a schedule.
    "
  `);
});

it("a pattern that matches nothing: suggests similar names", async () => {
  expect(await errorOf({ ...recipe, trainable: "heat/**" })).toMatchInlineSnapshot(`
    "The recipe has 1 problem(s).
      trainable matches nothing with \`heat/**\`. Did you mean \`head\`?
    "
  `);
});

it("a rule among the hooks", async () => {
  expect(await errorOf({ ...recipe, hooks: ["sgd"] })).toMatchInlineSnapshot(`
    "The recipe has 1 problem(s).
      hooks[0]: \`sgd\` is a rule, but this is the place for a hook. Move it to \`rule\`.
    "
  `);
});

it("a truncated weights file", async () => {
  truncateSync(join(folder, "weights.bin"), 20);
  expect(await errorOf(recipe)).toMatchInlineSnapshot(`
    "The model <folder>/model.json cannot be loaded.
      The weights weights.bin are truncated: they have 20 bytes, but model.json lists 104.
      Fetch or save the model again.
    "
  `);
});

it("weights outside the model's folder", async () => {
  write("model.json", { modelTopology: {}, weightsManifest: [{ paths: ["../secret"], weights: [] }] });
  expect(await errorOf(recipe)).toMatchInlineSnapshot(`
    "The model <folder>/model.json cannot be loaded.
      model.json names the weights file "../secret", outside its folder.
      Use a path relative to the folder. Other paths are refused, because a downloaded model could read any file that way.
    "
  `);
});

it("a model file that does not exist or is not JSON, and a head after a layer that does not exist", async () => {
  const run = recipe.run as object;
  expect(await errorOf({ ...recipe, run: { ...run, model: "modle.json" } })).toMatch(
    /^The model <folder>\/modle.json cannot be loaded.\n {2}Cannot read modle.json: ENOENT/,
  );
  const head = { after: "boddy", units: 2, name: "new" };
  expect(await errorOf({ ...recipe, trainable: "new/**", run: { ...run, head } })).toMatchInlineSnapshot(`
    "The recipe's \`run.head\` does not fit the model.
      No layer is named \`boddy\`.
      Did you mean \`body\`?
    "
  `);
  write("model.json", "{");
  expect(await errorOf(recipe)).toMatch(
    /^The model <folder>\/model.json cannot be loaded.\n {2}model.json is not a model: /,
  );
});

it("an output folder that is not writable", async () => {
  const run = { ...(recipe.run as object), output: "weights.bin/out/delta.safetensors" };
  expect(await errorOf({ ...recipe, run })).toMatchInlineSnapshot(`
    "The output folder <folder>/weights.bin/out is not writable: part of the path is a file, not a folder.
      Give another path with --out, or as "output" in the "run" section of the recipe.
    "
  `);
});

it("a recipe that is not JSON: line and column", async () => {
  write("recipe.json", '{\n  "rule": sgd\n}');
  const { code, err } = await graft("run", "recipe.json");
  expect(code).toBe(2);
  expect(err).toContain("The recipe recipe.json is not JSON.");
});

it("several problems: reports all of them", async () => {
  const error = await errorOf({
    ...recipe,
    plugins: [...(recipe.plugins as string[]), "@nobody/graft-plugin"],
    trainable: "heat/**",
    hooks: ["sgd", { use: "clip-by-global-norm", with: { nrom: 1 } }],
    learningRate: -1,
    epoch: 3,
  });
  expect(error).toMatchInlineSnapshot(`
    "The recipe has 7 problem(s).
      @nobody/graft-plugin is not installed: npm install @nobody/graft-plugin
      \`epoch\` is not a key of a recipe.
      hooks[0]: \`sgd\` is a rule, but this is the place for a hook. Move it to \`rule\`.
      hooks[1] \`clip-by-global-norm\`: \`norm\` is required: a number > 0
      hooks[1] \`clip-by-global-norm\`: \`nrom\` is not an option. Did you mean \`norm\`?
      learningRate is -1. Give a number ≥ 0, or a schedule.
      trainable matches nothing with \`heat/**\`. Did you mean \`head\`?
    "
  `);
});

it("an unknown command, an unknown flag, a missing recipe: exit code 2 and how to fix the call", async () => {
  expect((await graft("rnu", "recipe.json")).err).toContain("Did you mean `graft run`?");
  expect((await graft("run", "recipe.json", "--ouput", "x")).err).toContain("--out");
  expect((await graft("run")).err).toContain("graft run recipe.json");
});

it("--verbose adds the stack trace", async () => {
  write("recipe.json", { ...recipe, learningRate: -1 });
  expect((await graft("run", "recipe.json", "--verbose")).err).toMatch(/^ +at /m);
});
