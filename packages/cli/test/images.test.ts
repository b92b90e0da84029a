import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { dirname, join } from "node:path";
import { correctModel, readDeltaCard, readModelCard, readSafetensors } from "@graftjs/tuner";
import { imageReader } from "@graftjs/data";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { saveModel } from "@graftjs/tuner";
import { main } from "../src/index.ts";
import { answerOfPage, pageFile, scripts } from "./page-in-node.ts";
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

const CARD = {
  classes: ["dark", "light", "red"],
  reader: { use: "image", with: { size: [6, 6], channels: 3, fit: "cover", range: [0, 1], order: "rgb" } },
};
const run = {
  ...{ model: "base/model.json", head: {}, metrics: ["accuracy"], epochs: 12, batchSize: 4, output: "tuned" },
  data: { use: "images", with: { path: "pictures", validation: 0.25 } },
};
const recipe = { plugins: ["@graftjs/backend-wasm"], backends: ["wasm"], rule: "adam", learningRate: 0.1 };
const withRun = (more: object): void => write("recipe.json", { ...recipe, trainable: "**", run: { ...run, ...more } });

beforeAll(async () => {
  await setUp();
  await tf.setBackend("cpu");
  const kernelInitializer = tfl.initializers.glorotNormal({ seed: 1 });
  const layers = [
    tfl.layers.flatten({ inputShape: [6, 6, 3] }),
    tfl.layers.dense({ name: "old", units: 7, activation: "softmax", kernelInitializer }),
  ];
  const base = tfl.sequential({ layers });
  await saveModel(base, join(folder, "base"));
  base.dispose();
  for (const [name, red, other] of [
    ["dark", 40, 40],
    ["light", 230, 230],
    ["red", 230, 30],
  ] as const) {
    mkdirSync(join(folder, "pictures", name), { recursive: true });
    for (let i = 0; i < 8; i++) {
      const background = { r: red - i, g: other + i, b: other };
      await sharp({ create: { width: 9, height: 7, channels: 3, background } }).toFile(
        join(folder, "pictures", name, `${i}.png`),
      );
    }
  }
  withRun({});
  expect(await graft("run", "recipe.json")).toMatchObject({
    code: 0,
    err: "",
    out: expect.stringMatching(
      /^24 pictures in 3 classes, 6 of them for validation: dark 8, light 8, red 8\n[\s\S]*graft predict tuned /,
    ),
  });
});
afterAll(tearDown);

it("keeps the names of the classes and the preprocessing with the model and with the delta", () => {
  expect(readModelCard(readFileSync(join(folder, "tuned/model.json"), "utf8"))).toEqual(CARD);
  expect(readDeltaCard(readFileSync(join(folder, "tuned/delta.safetensors")))).toEqual(CARD);
});

it("shows pictures in the report, and serves it on loopback during the run", async () => {
  const seen: { html: string; csp: string | null; other: number }[] = [];
  write("watched.json", {
    ...{ ...recipe, trainable: "**", run },
    observers: [{ use: "html-report", with: { to: "report.html" } }],
  });
  const running = main(["run", "watched.json", "--out", "watched", "--open"], {
    ...{ out: () => {}, isTty: false, cwd: folder },
    err: (text) => {
      const [address] = text.match(/http:\S+/) ?? [];
      if (address)
        void (async () => {
          const page = await fetch(address);
          const other = await statusAs(address, "example.com");
          seen.push({ html: await page.text(), csp: page.headers.get("content-security-policy"), other });
        })();
    },
  });
  expect(await running).toBe(0);
  expect(seen).toEqual([
    {
      html: expect.stringContaining("new EventSource"),
      csp: expect.stringMatching(/^default-src 'none'; .*script-src 'nonce-/),
      other: 403,
    },
  ]);
  const html = readFileSync(join(folder, "report.html"), "utf8");
  expect(html).toContain("Worst of the validation pictures");
  expect(html.match(/<img alt="[^"]+" src="data:image\/png;base64,/g)?.length).toBeGreaterThan(5);
  expect(html).toMatch(/<dt>versions<\/dt><dd>Graft /);
});

/** Asks a server under the name of another host. */
function statusAs(address: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(address, { headers: { host } }, (response) => resolve(response.statusCode ?? 0))
      .on("error", reject)
      .end();
  });
}

it("predicts files and folders with the tuned model, with the recipe and with a merged model, all the same", async () => {
  const files = ["pictures/red", "pictures/dark/0.png"];
  const { out, code, err } = await graft("predict", "tuned", ...files);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const lines = out.trimEnd().split("\n");
  expect(lines).toHaveLength(9);
  expect(lines[0]).toMatch(/^pictures\/red\/0.png {3}red \d+\.\d % {3}(dark|light) \d+\.\d % {3}/);
  expect(lines.filter((line) => /^pictures\/red.*png +red /.test(line))).toHaveLength(8);
  expect(lines[8]).toMatch(/^pictures\/dark\/0.png {2}dark /);
  expect((await graft("predict", "recipe.json", ...files)).out).toBe(out);
  await graft("merge", "recipe.json", "tuned/delta.safetensors", "--out", "merged");
  expect((await graft("predict", "merged/model.json", ...files)).out).toBe(out);
  const config = JSON.parse(readFileSync(join(folder, "merged/preprocessor_config.json"), "utf8"));
  expect(config).toMatchObject({ written_by: "graft", do_rescale: true, image_mean: [0, 0, 0] });
  // The model was trained again into a delta only. The recipe then means base and delta.
  withRun({ output: "small.safetensors" });
  await graft("run", "recipe.json");
  expect((await graft("predict", "recipe.json", ...files)).out).toBe(out);
  withRun({});
});

it("exports a page that answers as `graft predict` does, and needs only its own files", async () => {
  const { out, err, code } = await graft("export", "tuned", "--page", "site");
  expect({ code, err, out }).toEqual({
    ...{ code: 0, err: "" },
    out: `Saved ${join("<folder>", "site/index.html")}. Open it in a browser, or put its folder on any web server.\n`,
  });
  const html = readFileSync(join(folder, "site/index.html"), "utf8");
  expect(html).toContain("<h1>Is it dark, light or red?</h1>");
  expect(html).toMatch(/script-src 'self' 'wasm-unsafe-eval'; style-src 'self'/);
  const named = [...html.matchAll(/ (?:src|href)="([^"]+)"/g)].map(([, name]) => name as string);
  expect(named.every((name) => existsSync(join(folder, "site", name)))).toBe(true);
  const said: string[] = [];
  for (const file of ["red/3.png", "dark/0.png", "light/7.png"])
    said.push(await answerOfPage(join(folder, "site"), join(folder, "pictures", file)));
  const { out: lines } = await graft(
    "predict",
    "tuned",
    ...["red/3.png", "dark/0.png", "light/7.png"].map((name) => `pictures/${name}`),
  );
  expect(said).toEqual(
    lines
      .trim()
      .split("\n")
      .map((line) => line.match(/ {2,}(\w+ [\d.]+ %)/)?.[1]?.replace(" ", ", ")),
  );
  // The page may be written again, and nothing else is replaced.
  expect((await graft("export", "tuned", "--page", "site")).code).toBe(0);
  mkdirSync(join(folder, "mine"));
  write("mine/index.html", "<h1>Mine</h1>");
  expect(await graft("export", "tuned", "--page", "mine")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/which Graft has not written\. Move that file, or give another path\./),
  });
  expect(await graft("export", "base", "--page", "none")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/does not say how pictures become its inputs\.\n {2}Say it: --reader '/),
  });
  const table = '{ "use": "table", "with": {} }';
  expect(await graft("export", "base", "--page", "none", "--reader", table)).toMatchObject({
    code: 2,
    err: expect.stringMatching(/reader `table`, and a page is made for pictures only\.\n {2}In a page of your own/),
  });
  expect(await graft("export", "base", "--page", "a", "--out", "b")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/either --out or --page\./),
  });
  expect(existsSync(join(folder, "none"))).toBe(false);
});

it("exports a file for Keras, and reads it again", async () => {
  expect(await graft("export", "tuned", "--out", "tuned.keras")).toEqual({
    ...{ code: 0, err: "" },
    out: `Saved ${join("<folder>", "tuned.keras")}.\n`,
  });
  const files = ["pictures/red/3.png", "pictures/dark/0.png"];
  const reader = JSON.stringify(CARD.reader);
  const probabilities = async (model: string): Promise<readonly (readonly number[])[]> => {
    const { out } = await graft("predict", model, ...files, "--reader", reader, "--json");
    return out
      .trim()
      .split("\n")
      .map((line) => {
        const { probabilities: found } = JSON.parse(line) as { probabilities: Record<string, number> };
        return Object.entries(found)
          .sort(([, a], [, b]) => b - a)
          .map(([, probability]) => probability);
      });
  };
  const [read, expected] = [await probabilities("tuned.keras"), await probabilities("tuned")];
  expect(read.flat()).toEqual(expected.flat().map((probability) => expect.closeTo(probability, 5)));
  expect((await graft("export", "tuned", "--out", "tuned.keras")).code).toBe(0);
  write("other.keras", "PK");
  for (const [out, message] of [
    ["other.keras", /which Graft has not written\. Move that file/],
    ["tuned.h5", /older format \.h5 are not written\.\n {2}Write a \.keras file\./],
  ] as const)
    expect(await graft("export", "tuned", "--out", out)).toMatchObject({
      code: 2,
      err: expect.stringMatching(message),
    });
});

it("resizes pictures in the page as the training does", async () => {
  const bytes = Buffer.from(
    Array.from({ length: 60 * 41 * 3 }, (_, i) => {
      const [x, y, c] = [Math.floor(i / 3) % 60, Math.floor(i / 180), i % 3];
      return 128 + 90 * Math.sin(x / (5 + c)) * Math.cos(y / 7) + (x > 30 && y > 20 ? 30 : 0);
    }),
  );
  const raw = { width: 60, height: 41, channels: 3 } as const;
  await sharp(bytes, { raw }).png().toFile(join(folder, "waves.png"));
  const data = await sharp(bytes, { raw }).ensureAlpha().raw().toBuffer();
  const { graftPixels } = scripts(pageFile("pixels.js"));
  for (const options of [
    { size: [12, 12], fit: "cover", range: [0, 255] },
    { size: [16, 11], fit: "contain", range: [0, 255], mean: [1, 2, 3], std: [2, 1, 1] },
    { size: [20, 30], fit: "stretch", range: [-255, 255], order: "bgr" },
    { size: [80, 80], fit: "cover", range: [0, 255], channels: 1 },
  ] as const) {
    const expected = await imageReader(options).read(
      join(folder, "waves.png"),
      async () => ({ default: sharp }) as never,
    );
    const values = graftPixels.inputOf({ data, width: 60, height: 41 }, options);
    expect(values.length).toBe(expected.length);
    const errors = Array.from(values, (value: number, i) => Math.abs(value - (expected[i] as number)));
    // Levels of 256. sharp rounds to whole levels after each axis, and to whole pixels before it cuts.
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(1.5);
  }
  expect(graftPixels.probabilitiesOf([2]).map((value: number) => value.toFixed(4))).toEqual(["0.1192", "0.8808"]);
  expect(graftPixels.probabilitiesOf([0, Math.log(3)])[1]).toBeCloseTo(0.75, 6);
});

it("predicts as the model was trained if stock tfjs computes a layer wrongly", async () => {
  const model = tfl.sequential({
    layers: [
      tfl.layers.upSampling2d({ size: [2, 2], interpolation: "bilinear", inputShape: [6, 6, 3] }),
      tfl.layers.flatten(),
      tfl.layers.dense({
        units: 2,
        activation: "softmax",
        kernelInitializer: tfl.initializers.glorotNormal({ seed: 3 }),
      }),
    ],
  });
  await saveModel(model, join(folder, "sampled"), { card: { classes: ["a", "b"] } });
  const data = Buffer.from(Array.from({ length: 108 }, (_, i) => 128 + 100 * Math.sin(i * i)));
  await sharp(data, { raw: { width: 6, height: 6, channels: 3 } }).toFile(join(folder, "small.png"));
  const x = tf.tensor4d(
    Float32Array.from(data, (pixel) => pixel / 255),
    [1, 6, 6, 3],
  );
  const predicted = (): number => (model.predict(x) as tf.Tensor).dataSync()[0] as number;
  const stock = predicted();
  const restore = correctModel(model);
  const right = predicted();
  restore();
  expect(Math.abs(right - stock)).toBeGreaterThan(1e-3);
  const reader = JSON.stringify({ use: "image", with: { size: [6, 6], range: [0, 1] } });
  const { out } = await graft("predict", "sampled", "small.png", "--reader", reader, "--json");
  expect(JSON.parse(out).probabilities.a).toBeCloseTo(right, 5);
  model.dispose();
});

it("prints one JSON object per file, and only as many classes as asked for", async () => {
  const { out } = await graft("predict", "tuned", "pictures/light/3.png", "--json", "--top", "1");
  expect(JSON.parse(out)).toEqual({
    file: join("<folder>", "pictures/light/3.png"),
    class: "light",
    probabilities: { light: expect.closeTo(1, 0) },
  });
});

it("predicts the readable files, names the others and ends with code 1", async () => {
  writeFileSync(join(folder, "broken.png"), "nothing");
  const { code, out, err } = await graft("predict", "tuned", "broken.png", "pictures/red/0.png");
  expect(code).toBe(1);
  expect(out).toMatch(/^pictures\/red\/0.png +red/);
  expect(err).toMatch(/^1 of 2 files cannot be used.\n {2}broken.png: it cannot be decoded/);
});

it("measures the model on a folder with known classes", async () => {
  // Two files in wrong folders: a light one counts as dark, and a red one as light.
  for (const [from, to] of [
    ["light/1.png", "dark/x.png"],
    ["red/1.png", "light/y.png"],
    ["dark/1.png", "dark/1.png"],
    ["dark/2.png", "dark/2.png"],
    ["light/2.png", "light/2.png"],
  ] as const) {
    mkdirSync(join(folder, "test", dirname(to)), { recursive: true });
    copyFileSync(join(folder, "pictures", from), join(folder, "test", to));
  }
  const { code, out } = await graft("eval", "tuned", "test", "--worst", "2");
  expect(code).toBe(0);
  const rows = out.split("\n").map((line) => line.trim().split(/ {2,}/));
  expect(rows.slice(0, 13)).toEqual([
    ["accuracy 60.0 % (3 of 5)"],
    [""],
    ["class", "examples", "precision", "recall", "F1"],
    ["dark", "3", "100.0 %", "66.7 %", "80.0 %"],
    ["light", "2", "50.0 %", "50.0 %", "50.0 %"],
    ["red", "0", "0.0 %", "-", "0.0 %"],
    [""],
    ["class \\ predicted", "dark", "light", "red"],
    ["dark", "2", "1", "·"],
    ["light", "·", "1", "1"],
    ["red", "·", "·", "·"],
    [""],
    ["Files with the lowest probability of their own class:"],
  ]);
  expect(out).toMatch(/^ {2}dark\/x.png: dark \d+\.\d %, but predicted light/m);
  expect(JSON.parse((await graft("eval", "tuned", "test", "--json")).out)).toMatchObject({
    accuracy: 0.6,
    confusion: [
      [2, 1, 0],
      [0, 1, 1],
      [0, 0, 0],
    ],
    classes: [{ name: "dark", precision: 1, recall: expect.closeTo(2 / 3), f1: expect.closeTo(0.8) }, {}, {}],
  });
  mkdirSync(join(folder, "test/drak"));
  copyFileSync(join(folder, "test/dark/1.png"), join(folder, "test/drak/1.png"));
  expect(await graft("eval", "tuned", "test")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/drak[\s\S]*Did you mean `dark`/),
  });
  expect(
    (await graft("eval", "base", "test", "--reader", JSON.stringify({ use: "image", with: { size: [6, 6] } }))).err,
  ).toMatch(/does not name its classes/);
  expect((await graft("eval", "tuned", "test", "--worst", "no")).err).toMatch(/--worst is "no"/);
});

it("names the fix if the head, the model or a file does not fit", async () => {
  withRun({ head: undefined });
  expect(await graft("run", "recipe.json")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/7 outputs, but the data have 3 classes: dark, light, red.[\s\S]*"head": \{\}/),
  });
  withRun({ data: { use: "images", with: { path: "none" } } });
  expect(await graft("run", "recipe.json")).toMatchObject({ code: 2, err: expect.stringContaining("does not exist") });
  withRun({ data: "../data.js" });
  expect((await graft("run", "recipe.json")).err).toMatch(/`run.head` has no `units`/);
  withRun({});
  expect((await graft("predict", "base", "pictures/red/0.png")).err).toMatch(/does not say how its inputs are made/);
  expect((await graft("predict", "none", "pictures/red/0.png")).err).toMatch(
    /none cannot be read: the file does not exist/,
  );
  expect((await graft("predict", "tuned", "none.png")).err).toMatch(/none.png cannot be read/);
  const reader = JSON.stringify({ use: "image", with: { size: [5, 5] } });
  expect((await graft("predict", "base", "pictures/red/0.png", "--reader", reader)).err).toMatch(
    /makes inputs of \[5, 5, 3\], but the model takes \[6, 6, 3\]/,
  );
  const fits = JSON.stringify({ use: "image", with: { size: [6, 6] } });
  expect((await graft("predict", "base", "pictures/red/0.png", "--reader", fits)).out).toMatch(/^\S+ {2}\d \d+\.\d %/);
});

it("refuses to write the tuned model over the base, the pictures or a foreign model", async () => {
  mkdirSync(join(folder, "foreign"));
  write("foreign/model.json", { modelTopology: {} });
  for (const [output, message] of [
    ["base", /a file of the base model/],
    ["pictures", /the data of the recipe/],
    ["foreign", /model.json, which Graft has not written/],
  ] as const) {
    withRun({ output });
    expect(await graft("run", "recipe.json")).toMatchObject({ code: 2, err: expect.stringMatching(message) });
  }
  withRun({});
});

it("warns if the last activation does not suit the loss", async () => {
  for (const [activation, loss, cure] of [
    ["softmax", "softmaxCrossEntropy", "applies softmax itself. Use the loss categoricalCrossentropy."],
    ["linear", "categoricalCrossentropy", "takes probabilities. Use the loss softmaxCrossEntropy."],
  ]) {
    withRun({ head: { activation }, loss });
    expect((await graft("plan", "recipe.json")).out).toContain(`${cure}\n`);
  }
  withRun({});
  expect((await graft("plan", "recipe.json")).out).not.toContain("Warning");
});

it("warns if the pictures have another range than the base model's had", async () => {
  const plan = async (pixels: object): Promise<string> => {
    withRun({
      model: "tuned/model.json",
      data: { ...run.data, with: { ...run.data.with, ...pixels } },
      output: "again",
    });
    return (await graft("plan", "recipe.json")).out;
  };
  expect(await plan({ range: [-1, 1] })).toContain(
    "Warning: the base model was trained on inputs with range [0,1], and the recipe's data have [-1,1]. Remove `range`",
  );
  expect(await plan({ mean: [0.5, 0.5, 0.5] })).toContain("with mean none, and the recipe's data have [0.5,0.5,0.5].");
  for (const same of [{}, { range: [0, 1] }, { fit: "contain" }]) expect(await plan(same)).not.toContain("Warning");
  withRun({});
});

it("takes the pixels that layers of the base model or its preprocessor_config.json ask for", async () => {
  const base = async (name: string, first: tfl.layers.Layer): Promise<string> => {
    const layers = [first, tfl.layers.flatten(), tfl.layers.dense({ name: "old", units: 3, activation: "softmax" })];
    const model = tfl.sequential({ layers });
    await saveModel(model, join(folder, name));
    model.dispose();
    return `${name}/model.json`;
  };
  const inputShape = [6, 6, 3];
  const { rescaling, activation } = tfl.layers;
  const rangeOf = async (model: string): Promise<unknown> => {
    withRun({ model, epochs: 1, output: "pixels" });
    expect(await graft("run", "recipe.json")).toMatchObject({ code: 0, err: "" });
    return readModelCard(readFileSync(join(folder, "pixels/model.json"), "utf8"))?.reader?.with;
  };
  // A model that divides by 255 itself takes bytes. Another factor of a rescaling takes 0 to 1.
  expect(await rangeOf(await base("bytes", rescaling({ scale: 1 / 127.5, offset: -1, inputShape })))).toMatchObject({
    range: [0, 255],
  });
  expect(await rangeOf(await base("unit", rescaling({ scale: 2, offset: -1, inputShape })))).toMatchObject({
    range: [0, 1],
  });
  const plain = await base("plain", activation({ activation: "linear", inputShape }));
  write("plain/preprocessor_config.json", { image_mean: [0.5, 0.4, 0.3], image_std: [0.2, 0.2, 0.2], do_resize: true });
  expect(await rangeOf(plain)).toMatchObject({
    range: [0, 1],
    mean: [0.5, 0.4, 0.3],
    std: [0.2, 0.2, 0.2],
    fit: "stretch",
  });
  // The base itself predicts, too. It names no classes.
  expect((await graft("predict", "plain", "pictures/red/0.png")).out).toMatch(/^\S+ {2}\d \d+\.\d %/);
  write("plain/preprocessor_config.json", { image_mean: "grey" });
  expect(await graft("predict", "plain", "pictures/red/0.png")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/preprocessor_config.json cannot be used: `image_mean`[\s\S]*Repair or remove/),
  });
  // Given options come first, with a warning.
  withRun({ model: "bytes/model.json", data: { ...run.data, with: { ...run.data.with, range: [0, 1] } } });
  expect((await graft("plan", "recipe.json")).out).toMatch(
    /Warning: the base model was trained on inputs with range \[0,255\]/,
  );
  withRun({});
});

it("trains on a table and predicts each row of another one, classes and numbers", async () => {
  const rows = Array.from(
    { length: 40 },
    (_, i) => `${i % 10},${i % 2 ? "up" : "down"},${i % 10 > 4 ? "high" : "low"},${3 * (i % 10)}`,
  );
  write("table.csv", `\ufeffx,way,kind,triple\n${rows.join("\n")}\n`);
  write("new.csv", "way,x\nup,0\ndown,9\n");
  const shape = { name: "out", inputShape: [3], kernelInitializer: "zeros" as const };
  const layers = [tfl.layers.dense({ ...shape, units: 2, activation: "softmax" })];
  const classifier = tfl.sequential({ layers });
  const regressor = tfl.sequential({ layers: [tfl.layers.dense({ ...shape, units: 1 })] });
  await saveModel(classifier, join(folder, "classifier"));
  await saveModel(regressor, join(folder, "regressor"));
  for (const model of [classifier, regressor]) model.dispose();
  const data = { path: "table.csv", columns: ["x", "way"], validation: 0.2 };
  const tableRun = { head: undefined, epochs: 30 };
  withRun({
    ...tableRun,
    model: "classifier/model.json",
    output: "kind",
    data: { use: "table", with: { ...data, target: "kind" } },
  });
  const ran = await graft("run", "recipe.json");
  expect(ran).toMatchObject({ code: 0, err: "" });
  expect(ran.out).toMatch(
    /^40 rows, 8 of them for validation\ncolumns {2}x number, way 2 categories\ntarget {3}kind: 2 classes, high, low\n/,
  );
  expect((await graft("predict", "kind", "new.csv")).out).toMatch(/^new.csv:1 {2}low .*\nnew.csv:2 {2}high /);
  withRun({
    ...tableRun,
    ...{ model: "regressor/model.json", output: "triple", loss: "meanSquaredError", metrics: [], epochs: 60 },
    data: { use: "table", with: { ...data, target: "triple" } },
  });
  expect(await graft("run", "recipe.json")).toMatchObject({ code: 0, err: "" });
  const lines = (await graft("predict", "triple", "new.csv", "--json")).out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toEqual([
    { file: join("<folder>", "new.csv"), row: 1, value: expect.closeTo(0, 0) },
    { file: join("<folder>", "new.csv"), row: 2, value: expect.closeTo(27, 0) },
  ]);
});

it("saves an adapter as a small delta and a whole model, and both predict the same", async () => {
  const base = tfl.sequential({
    layers: [
      tfl.layers.flatten({ inputShape: [6, 6, 3] }),
      tfl.layers.dense({ name: "body", units: 64, activation: "tanh" }),
      tfl.layers.dense({ name: "old", units: 7, activation: "softmax" }),
    ],
  });
  await saveModel(base, join(folder, "deep"));
  base.dispose();
  write("adapter.json", {
    ...{ ...recipe, plugins: [...recipe.plugins, "@graftjs/lora"], learningRate: 0.02 },
    patches: [{ use: "lora", with: { rank: 2 } }],
    trainable: ["role:lora_a", "role:lora_b", "head"],
    run: { ...run, model: "deep/model.json", epochs: 30, output: "adapted" },
  });
  expect(await graft("run", "adapter.json")).toMatchObject({ code: 0, err: "" });
  const files = ["pictures/red", "pictures/dark/0.png"];
  const { out, code, err } = await graft("predict", "adapted", ...files);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out.split("\n").filter((line) => /^pictures\/red.*png +red /.test(line))).toHaveLength(8);
  const { tensors } = readSafetensors(readFileSync(join(folder, "adapted/delta.safetensors")));
  expect([...tensors.keys()].sort()).toEqual(["body/lora_a", "body/lora_b", "head/bias", "head/kernel"]);
  expect(await graft("merge", "adapter.json", "adapted/delta.safetensors", "--out", "adapted-merged")).toMatchObject({
    code: 0,
    err: "",
  });
  expect((await graft("predict", "adapted-merged", ...files)).out).toBe(out);
  write("only-delta.json", {
    ...JSON.parse(readFileSync(join(folder, "adapter.json"), "utf8")),
    ...{ run: { ...run, model: "deep/model.json", epochs: 30, output: "only.safetensors" } },
  });
  expect(await graft("run", "only-delta.json")).toMatchObject({ code: 0, err: "" });
  expect((await graft("predict", "only-delta.json", ...files)).out).toBe(out);
});
