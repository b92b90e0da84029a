import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { afterAll, beforeEach, expect, it } from "vitest";
import kerasOracle from "../../tuner/test/keras-oracle.json" with { type: "json" };
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

/** Plugins as a third party writes them: a model format, a data source and a callback. */
const PLUGINS = `
import * as tf from "@tensorflow/tfjs-core";

const wrapped = {
  kind: "model-format",
  name: "wrapped-model",
  description: "A LayersModel whose path is in a text file",
  create: () => ({
    name: "wrapped-model",
    matches: ({ name }) => name.endsWith(".wrapped"),
    async load(file) {
      const { loadLayersModel } = await import("@graftjs/tuner");
      const layers = await loadLayersModel(file.read, new TextDecoder().decode(await file.bytes()).trim());
      return { tunable: layers, savable: layers, layers, dispose: () => layers.dispose() };
    },
  }),
};

const noise = {
  kind: "data-source",
  name: "noise-data",
  description: "Normal inputs with labels from their sum",
  create: () => ({
    read() {
      const xs = tf.randomNormal([48, 3], 0, 1, "float32", 1);
      return { data: { xs, ys: tf.oneHot(tf.cast(tf.greater(tf.sum(xs, 1), 0), "int32"), 2) } };
    },
  }),
};

const halt = {
  kind: "callback",
  name: "halt",
  description: "Ends the run after its first epoch",
  create: () => ({ name: "halt", epochEnd: async () => "stop" }),
};

export const plugins = [wrapped, noise, halt];
`;

let recipe: Awaited<ReturnType<typeof setUp>>;
beforeEach(async () => {
  recipe = await setUp();
  write("plugins.mjs", PLUGINS);
  write("model.wrapped", "model.json\n");
});
afterAll(tearDown);

const withRun = (run: object, more: object = {}): void =>
  write("recipe.json", { ...recipe, ...more, run: { ...(recipe.run as object), ...run } });
const own = { plugins: ["@graftjs/gradient-surgery", "@graftjs/backend-wasm", "./plugins.mjs"] };

it("runs a recipe with a model format, a data source and a callback of a third party", async () => {
  for (const model of ["model.wrapped", { path: "model.wrapped", format: "wrapped-model" }]) {
    withRun({ model, data: { use: "noise-data" }, epochs: 5 }, { ...own, callbacks: ["halt"] });
    const ran = await graft("run", "recipe.json", "--out", "delta.safetensors");
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).not.toMatch(/epoch 2/i);
    expect(await graft("merge", "recipe.json", "delta.safetensors", "--out", "whole")).toMatchObject({
      code: 0,
      err: "",
    });
  }
});

it("names a model format or a data source that it does not know", async () => {
  withRun({ model: { path: "model.json", format: "wraped-model" } }, own);
  expect(await graft("run", "recipe.json")).toMatchObject({ code: 2, err: expect.stringMatching(/wrapped-model/) });
  withRun({ data: { use: "noise-dat" } }, own);
  expect(await graft("run", "recipe.json")).toMatchObject({ code: 2, err: expect.stringMatching(/noise-data/) });
  withRun({ model: "notes.txt" }, own);
  write("notes.txt", "no model");
  expect(await graft("run", "recipe.json")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/notes.txt is of no format[\s\S]*wrapped-model/),
  });
});

it("inspects a .keras file", async () => {
  writeFileSync(join(folder, "model.keras"), inflateSync(Buffer.from(kerasOracle.image.keras, "base64")));
  expect(await graft("inspect", "model.keras")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^LayersModel[\s\S]*head\/kernel/),
  });
});

it("lists the formats and the data sources", async () => {
  const { out } = await graft("list");
  expect(out).toMatch(/keras-h5[\s\S]*data-file/);
});
