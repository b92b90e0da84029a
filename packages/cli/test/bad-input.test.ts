import { existsSync, mkdirSync, truncateSync } from "node:fs";
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
      \`epoch\` is not a key of a recipe. Did you mean \`epochs\` in \`run\`?
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

/** Wrong calls of a newcomer. Together with the tables of the tuner's `wrong-uses.test.ts` there are more than 60 wrong uses. */
const CALLS: readonly (readonly [name: string, call: string, message: RegExp])[] = [
  [
    "pictures without classes",
    "init p --pictures flat",
    /"<folder>\/flat" has no subfolders\.\n {2}Make one subfolder for each class/,
  ],
  ["pictures of one class", "init p --pictures one", /one has one class only: cat\.\n {2}.*Add a subfolder/],
  ["pictures that are a file", "init p --pictures t.csv", /t\.csv is not a folder\.\n {2}Give the folder of your data/],
  ["a folder as table", "init p --table flat", /flat is not a file\.\n {2}Give the file of your data/],
  ["a table without rows", "init p --table empty.csv", /empty\.csv" has no rows\.\n {2}Is the file complete/],
  ["a workbook as table", "init p --table t.xlsx", /t\.xlsx" is not a table\.\n {2}A table's name ends with \.csv/],
  ["data without their option", "init p flat", /Unexpected argument `flat`\.\n {2}Usage: graft init/],
  ["a folder as recipe", "run flat", /recipe flat cannot be read: it is a folder\.\n {2}Check the path/],
  [
    "a model as recipe",
    "run model.json",
    /model\.json is a model, and this command takes a recipe\.\n {2}A recipe names the model/,
  ],
  ["a table as recipe", "run t.csv", /recipe t\.csv is not JSON\.\n {2}/],
  ["a list as recipe", "run list.json", /list\.json is not a JSON object\.\n {2}A recipe has the form/],
  [
    "resuming from nowhere",
    "run recipe.json --resume",
    /--resume needs --checkpoint\.\n {2}graft run recipe\.json --checkpoint/,
  ],
  ["no file to predict", "predict model.json", /takes a model and files\.\n {2}graft predict tuned picture\.jpg/],
  [
    "file and model in the wrong order",
    "predict flat/1.png model.json",
    /1\.png is not a model\.\n {2}The model comes first/,
  ],
  [
    "a model that does not exist",
    "predict tuned flat/1.png",
    /<folder>\/tuned cannot be read: the file does not exist\.\n {2}Check the path/,
  ],
  [
    "a model that does not say its inputs",
    "eval model.json one",
    /does not say how its inputs are made.*\n {2}.*--reader '/,
  ],
  ["a limit without a number", "plan recipe.json --limit lots", /--limit is "lots"\.\n {2}Give a number of bytes/],
  ["an export without a place", "export model.json", /either --out or --page\.\n {2}graft export/],
  ["an export to ONNX", "export model.json --out m.onnx", /writes no \.onnx files\.\n {2}Write a \.keras file/],
  ["an export to a model.json", "export model.json --out out.json", /writes no \.json files\.\n {2}Give a folder/],
  [
    "a merge with a delta that does not exist",
    "merge recipe.json no.safetensors --out x",
    /delta <folder>\/no\.safetensors.*not exist\.\n {2}Check the path/,
  ],
  [
    "models as deltas",
    "diff model.json model.json",
    /model\.json is not a delta\.\n {2}Name a file that `graft run` has written/,
  ],
  [
    "a new class without a place",
    "add-class recipe.json",
    /add-class needs --out\.\n {2}graft add-class recipe\.json --out/,
  ],
  ["a check that does not exist", "doctor --only gpu", /no check `gpu`\.\n {2}Known: `backend-/],
  ["a shell without completions", "completion powershell", /takes the name of a shell\.\n {2}It is bash/],
  ["runs that do not exist", "compare nowhere", /folder <folder>\/nowhere cannot be read\.\n {2}Check the path/],
];

/** Wrong recipes of a newcomer: keys of the recipe, or of its section `run`. */
const RECIPES: readonly (readonly [name: string, change: object, message: RegExp])[] = [
  ["no rule", { rule: undefined }, /rule is missing\. Give one/],
  ["a rate as text", { learningRate: "0.1" }, /`0\.1`\. If it is a number, write it without quotes/],
  ["another tool's word for the rule", { optimizer: "adam" }, /`optimizer` is not a key of a recipe\. Write `rule`/],
  ["another tool's name of a rule", { rule: "Adam" }, /no plugin is named `Adam`\. Did you mean `adam`/],
  [
    "a backend of another tool",
    { backends: ["cuda"] },
    /backends\[0\]: no plugin is named `cuda`\..*Registered: `cpu` and `wasm`/,
  ],
  ["a backend without a list", { backends: "wasm" }, /backends is not a list\. Put it into brackets/],
  ["a hook without a list", { hooks: "clip-by-global-norm" }, /hooks is not a list\. Put it into brackets/],
  ["a package without a list", { plugins: "@graftjs/lars" }, /plugins is not a list\. Put it into brackets/],
  ["options of the run outside of it", { epochs: 3 }, /`epochs` is not a key of a recipe\. It belongs into `run`/],
  ["epochs as text", { run: { epochs: "3" } }, /`epochs` must be an integer ≥ 1 .* got "3"/],
  [
    "a loss of another tool",
    { run: { loss: "crossentropy" } },
    /run\.loss: no plugin is named `crossentropy`.*`categoricalCrossentropy`/,
  ],
  [
    "data that do not exist",
    { run: { data: "no.js" } },
    /data module no\.js does not exist\.\n {2}Check "data".*<folder>\/no\.js/,
  ],
  ["a folder without its kind", { run: { data: "flat" } }, /data flat are a folder.*\n {2}.*"use": "images"/],
  ["a table without its kind", { run: { data: "t.csv" } }, /data t\.csv are not a module\.\n {2}.*"use": "table"/],
  [
    "a column that does not exist",
    { run: { data: { use: "table", with: { path: "t.csv", target: "c" } } } },
    /no column "c"\.\n {2}Did you mean `a`/,
  ],
  [
    "a model that is a folder",
    { run: { model: "flat/" } },
    /model <folder>\/flat is a folder\.\n {2}.*"model": "flat\/model\.json"/,
  ],
  [
    "pictures for a model of numbers",
    { run: { data: { use: "images", with: { path: "two" } } } },
    /input "\w+" of the model is \[any, 3\], which is not a picture\.\n {2}Pictures need/,
  ],
  [
    "an output that is the recipe",
    { run: { output: "recipe.json" } },
    /written to <folder>\/recipe\.json, which is the recipe\. Give another path/,
  ],
  [
    "a value to watch without validation",
    { run: { earlyStopping: { monitor: "val_loss" } } },
    /watches `val_loss`, .*\n {2}.*needs validation data/,
  ],
];

it("names what is wrong, where, and the fix", async () => {
  for (const name of ["flat", "one/cat", "two/cat", "two/dog"]) {
    mkdirSync(join(folder, name), { recursive: true });
    write(`${name}/1.png`, "");
  }
  for (const [name, text] of Object.entries({
    "t.csv": "a,b\n1,2\n",
    "empty.csv": "",
    "t.xlsx": "PK",
    "list.json": "[]",
  }))
    write(name, text);
  write("recipe.json", recipe);
  const wrong: string[] = [];
  const check = async (name: string, message: RegExp, ...argv: string[]): Promise<void> => {
    const { code, err } = await graft(...argv);
    if (code !== 2 || !message.test(err) || /^Unexpected:|^ +at /m.test(err)) wrong.push(`${name}: ${code} ${err}`);
  };
  for (const [name, call, message] of CALLS) await check(name, message, ...call.split(" "));
  for (const [name, { run, ...more }, message] of RECIPES as readonly [string, { run?: object }, RegExp][]) {
    write("recipe.json", { ...recipe, ...more, run: { ...(recipe.run as object), ...run } });
    await check(name, message, "run", "recipe.json");
  }
  expect(wrong).toEqual([]);
}, 60_000);
