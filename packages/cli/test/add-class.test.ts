import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { folderReader, loadModel, readModelCard, saveModel } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

const recipe = {
  ...{ plugins: ["@graftjs/backend-wasm"], backends: ["wasm"], trainable: "head/**", rule: "adam", learningRate: 0.02 },
  run: {
    ...{ model: "base/model.json", head: {}, metrics: ["accuracy"], epochs: 15, batchSize: 4, output: "tuned" },
    data: { use: "images", with: { path: "pictures", validation: 0.25 } },
  },
};

/** Draws eight pictures of one colour with small differences. */
async function draw(name: string, r: number, g: number, b: number): Promise<void> {
  mkdirSync(join(folder, "pictures", name), { recursive: true });
  for (let i = 0; i < 8; i++)
    await sharp({ create: { width: 9, height: 7, channels: 3, background: { r: r - i, g: g + i, b } } }).toFile(
      join(folder, "pictures", name, `${i}.png`),
    );
}

/** Reads the columns of a saved model's head, each with its bias at the end. */
async function headOf(path: string): Promise<number[][]> {
  await tf.setBackend("cpu");
  const { layers } = await loadModel({ read: folderReader(join(folder, path)), file: "model.json" });
  if (!layers) throw new Error("not a LayersModel");
  const [kernel, bias] = layers.getLayer("head").getWeights() as [tf.Tensor2D, tf.Tensor1D];
  const columns = tf.transpose(tf.concat([kernel, tf.expandDims(bias, 0)])).arraySync() as number[][];
  layers.dispose();
  return columns;
}

const classesOf = (path: string): readonly string[] | undefined =>
  readModelCard(readFileSync(join(folder, path, "model.json"), "utf8"))?.classes;

beforeAll(async () => {
  await setUp();
  await tf.setBackend("cpu");
  const kernelInitializer = tfl.initializers.glorotUniform({ seed: 1 });
  const base = tfl.sequential({
    layers: [
      tfl.layers.flatten({ inputShape: [6, 6, 3] }),
      tfl.layers.dense({ name: "body", units: 12, activation: "relu", kernelInitializer }),
      tfl.layers.dense({ name: "old", units: 7, activation: "softmax" }),
    ],
  });
  await saveModel(base, join(folder, "base"));
  base.dispose();
  await draw("dark", 40, 30, 40);
  await draw("red", 230, 20, 30);
  await draw("light", 230, 220, 230);
  write("recipe.json", recipe);
  expect(await graft("run", "recipe.json")).toMatchObject({ code: 0, err: "" });
  // The new name is the first one in the order of the alphabet, so that the order of the classes changes in the data.
  await draw("blue", 30, 20, 220);
});
afterAll(tearDown);

it("starts with the old columns bit for bit and knows the new class before any training", async () => {
  const { code, out, err } = await graft("add-class", "recipe.json", "--out", "start", "--untrained");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(
    /^New: blue\nBefore training, of 8 validation examples: the nearest class mean is right for 100.0 %, the extended head for \d+\.\d %\./,
  );
  expect(classesOf("start")).toEqual(["dark", "light", "red", "blue"]);
  const [before, after] = [await headOf("tuned"), await headOf("start")];
  expect(after).toHaveLength(4);
  expect(after.slice(0, 3)).toEqual(before);
  expect((await graft("predict", "start", "pictures/blue/0.png")).out).toMatch(/png +blue /);
});

it("trains on all examples, each decoded once, and predicts old and new classes", async () => {
  write(
    "counted.mjs",
    `import { plugins as data } from "@graftjs/data";
const images = data.find(({ kind, name }) => kind === "data-source" && name === "images");
const counted = (source) => ({ ...source, read: (...given) => (globalThis.reads++, source.read(...given)) });
export const plugins = [{ ...images, name: "counted", create: (options) => counted(images.create(options)) }];`,
  );
  const counted = { use: "counted", with: recipe.run.data.with };
  write("counted.json", {
    ...{ ...recipe, plugins: [...recipe.plugins, "./counted.mjs"], run: { ...recipe.run, data: counted } },
  });
  const counter = globalThis as { reads?: number };
  counter.reads = 0;
  const { code, out, err } = await graft("add-class", "counted.json", "--out", "tuned-2");
  expect(counter.reads).toBe(1);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain("32 pictures in 4 classes, 8 of them for validation");
  expect(out).toContain("graft predict tuned-2 <file>");
  expect(classesOf("tuned-2")).toEqual(["dark", "light", "red", "blue"]);
  const measured = JSON.parse((await graft("eval", "tuned-2", "pictures", "--json")).out);
  expect(measured).toMatchObject({ examples: 32, accuracy: 1 });
  expect(classesOf("tuned")).toEqual(["dark", "light", "red"]);
});

it("takes more examples of the same classes, from a model of your choice", async () => {
  const more = await graft("add-class", "recipe.json", "--from", "tuned-2", "--out", "tuned-3");
  expect(more).toMatchObject({ code: 0, err: "" });
  expect(more.out).toMatch(/^No new class: more examples of the same ones\n/);
  // The labels follow the model's order, not the alphabet.
  expect(classesOf("tuned-3")).toEqual(["dark", "light", "red", "blue"]);
  expect(JSON.parse((await graft("eval", "tuned-3", "pictures", "--json")).out).accuracy).toBe(1);
});

it("keeps the order of a base's classes in a run without a new head", async () => {
  const { head: _head, ...kept } = recipe.run;
  write("further.json", { ...recipe, run: { ...kept, model: "tuned-2/model.json", output: "further", epochs: 1 } });
  expect(await graft("run", "further.json")).toMatchObject({ code: 0, err: "" });
  expect(classesOf("further")).toEqual(["dark", "light", "red", "blue"]);
  expect(JSON.parse((await graft("eval", "further", "pictures", "--json")).out).accuracy).toBe(1);
});

it("says what is wrong and how to fix it", async () => {
  expect((await graft("add-class", "recipe.json")).err).toMatch(/needs --out[\s\S]*--out tuned-2/);
  expect((await graft("add-class", "recipe.json", "--out", "tuned")).err).toMatch(
    /model that is extended[\s\S]*tuned-2/,
  );
  expect((await graft("add-class", "recipe.json", "--out", "base")).err).toMatch(/a file of the base model/);
  expect((await graft("add-class", "recipe.json", "--from", "base", "--out", "x")).err).toMatch(
    /does not name its classes/,
  );
  rmSync(join(folder, "pictures/red"), { recursive: true });
  expect(await graft("add-class", "recipe.json", "--out", "x")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/no examples of the class red[\s\S]*Put some of their examples back/),
  });
});
