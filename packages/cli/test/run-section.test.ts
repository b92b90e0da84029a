import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { diffDeltas, readSafetensors, type StoredTensor, writeSafetensors } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeEach, expect, it } from "vitest";
import { download } from "../src/project/download.ts";
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

let recipe: Record<string, unknown>;
beforeEach(async () => {
  recipe = await setUp();
});
afterAll(tearDown);

const withRun = (more: object, rest: object = {}): void =>
  write("recipe.json", { ...recipe, ...rest, run: { ...(recipe.run as object), ...more } });
const read = (name: string): Buffer => readFileSync(join(folder, name));
const tensor = (values: Float32Array | Int32Array, shape: number[]): StoredTensor => ({
  dtype: values instanceof Float32Array ? "F32" : "I32",
  shape,
  data: new Uint8Array(values.buffer),
});

it("passes the options of the section to fineTune", async () => {
  withRun({}, { hooks: [] });
  await graft("run", "recipe.json", "--out", "plain.safetensors");
  const changing: Record<string, object> = {
    accumulate: { accumulate: 3 },
    maxSteps: { maxSteps: 2 },
    unfreeze: { unfreeze: [{ epoch: 1, trainable: "body/**" }] },
    mixup: { mixup: 0.4 },
    classWeights: { classWeights: [3, 1] },
    ema: { ema: { decay: 0.5 } },
    weightNoise: { weightNoise: 0.1 },
    sam: { sam: 0.1 },
    shuffle: { shuffle: false },
    reduceOnPlateau: { epochs: 4, reduceOnPlateau: { patience: 1, minDelta: 10 } },
    cache: { cache: { precision: "float16" } },
  };
  for (const [name, more] of Object.entries(changing)) {
    withRun(more, { hooks: [] });
    expect(await graft("run", "recipe.json", "--out", `${name}.safetensors`), name).toMatchObject({ code: 0, err: "" });
    expect(diffDeltas(read("plain.safetensors"), read(`${name}.safetensors`)), name).not.toEqual([]);
  }
  expect([...readSafetensors(read("unfreeze.safetensors")).tensors.keys()]).toContain("body/kernel");
  // Options that only change speed or safety do not change the result.
  withRun({ cache: { store: "features" }, prefetch: 2, guard: { policy: "rollback", spike: 1e6 } }, { hooks: [] });
  await graft("run", "recipe.json", "--out", "same.safetensors");
  expect(diffDeltas(read("plain.safetensors"), read("same.safetensors"))).toEqual([]);
  expect(existsSync(join(folder, "features"))).toBe(true);
  withRun({ epochs: 9, earlyStopping: { monitor: "loss", patience: 1, minDelta: 10 } });
  expect(
    JSON.parse((await graft("run", "recipe.json", "--json")).out.trimEnd().split("\n").at(-1) as string).history.epoch,
  ).toEqual([0, 1]);
});

it("augments images by name, and reports the problem of each entry", async () => {
  write("images.js", "export default () => ({ data: { xs: [[[[1], [2]], [[3], [4]]]], ys: [[1, 0]] } });");
  const augment = ["flip", { use: "shift", with: { by: 1 } }, { use: "colour", with: { brightness: 0.1 } }];
  withRun({ data: "images.js", augment, views: 2 });
  // The fixture's model takes rows of three numbers. The error about the images shows that the recipe was accepted.
  expect((await graft("plan", "--trust-paths", "recipe.json")).err).toMatch(
    /is \[1,2,2,1\], but the model takes \[any,3\]/,
  );
  withRun({ augment: ["flop", { use: "shift" }, { use: "flip", with: { direction: "up", chance: 1 } }] });
  expect(await graft("plan", "--trust-paths", "recipe.json")).toMatchObject({
    code: 2,
    err: [
      "The recipe has 4 problem(s).",
      "  run.augment[0]: no plugin is named `flop`. Did you mean `flip` or `crop`?",
      "  run.augment[1] `shift`: `by` is required: an integer ≥ 0",
      '  run.augment[2] `flip`: `direction` must be one of horizontal, vertical, got "up". Known: `horizontal` and `vertical`.',
      "  run.augment[2] `flip`: `chance` is not an option. Known: `direction` and `probability`.",
      "",
    ].join("\n"),
  });
});

it("reports all problems of the section together, and selectors of unfreeze with those of the recipe", async () => {
  withRun({
    ...{ accumulate: 0, earlyStoping: {}, guard: { policy: "stop", spike: 1 }, ema: { decay: 1 }, cache: "disk" },
    ...{
      unfreeze: [{ epoch: 1 }],
      reduceOnPlateau: { factor: 2 },
      classWeights: [1, -1],
      maxSteps: 1.5,
      augment: ["x"],
    },
  });
  const { code, err } = await graft("run", "recipe.json");
  expect(code).toBe(2);
  expect(err).toMatch(/^The recipe has 11 problem\(s\)/);
  for (const line of [
    "`accumulate` must be an integer ≥ 1, got 0",
    "`earlyStoping` is not an option. Did you mean `earlyStopping`?",
    "`guard.policy` must be one of throw, skip, rollback",
    "`guard.spike` must be a number > 1, got 1",
    "`ema.decay` must be a number ≥ 0 and < 1, got 1",
    "`cache` must be one of memory, false or an object",
    "`unfreeze.0.trainable` is required",
    "`reduceOnPlateau.factor` must be a number > 0 and < 1, got 2",
    "`classWeights.1` must be a number ≥ 0, got -1",
    "`maxSteps` must be an integer ≥ 1, got 1.5",
    "run.augment[0]: no plugin is named `x`",
  ])
    expect(err).toContain(line);
  withRun({ accumulate: 0, epoch: 3 }, { hooks: ["sgd"], learningRate: -1 });
  expect((await graft("run", "recipe.json")).err).toMatch(
    /^The recipe has 4 problem[\s\S]*hooks\[0\]: `sgd` is a rule[\s\S]*learningRate is -1[\s\S]*run: `accumulate` must be[\s\S]*run: `epoch` is not an option. Did you mean `epochs`/,
  );
  withRun({ unfreeze: [{ epoch: 1, trainable: "bdy/**" }] }, { trainable: "haed/**" });
  expect((await graft("run", "recipe.json")).err).toMatch(
    /2 problem[\s\S]*trainable matches nothing with `haed[\s\S]*run.unfreeze\[0\].trainable matches nothing with `bdy/,
  );
  const { properties, definitions } = JSON.parse((await graft("schema")).out);
  expect(properties.run.properties.earlyStopping.properties).toHaveProperty("restoreBest");
  expect(properties.run.properties.augment.items).toEqual({ $ref: "#/definitions/augmentation" });
  expect(JSON.stringify(definitions.augmentation)).toContain('"degrees"');
});

it("trains on a safetensors file with the same result as on a module with the same examples", async () => {
  const xs = tf.randomNormal([48, 3], 0, 1, "float32", 1);
  const ys = tf.oneHot(tf.cast(tf.greater(tf.sum(xs, 1), 0), "int32"), 2);
  const columns: [string, StoredTensor][] = [
    ["xs", tensor(xs.dataSync() as Float32Array, [48, 3])],
    ["ys", tensor(ys.dataSync().slice() as Int32Array, [48, 2])],
  ];
  const save = (...tensors: [string, StoredTensor][]) =>
    writeFileSync(join(folder, "data.safetensors"), writeSafetensors(new Map(tensors)));
  tf.dispose([xs, ys]);
  withRun({});
  await graft("run", "recipe.json", "--out", "module.safetensors");
  withRun({ data: "data.safetensors" });
  save(...columns, ...columns.map(([name, column]): [string, StoredTensor] => [`val_${name}`, column]));
  const { out } = await graft("run", "recipe.json", "--out", "file.safetensors", "--json");
  expect(JSON.parse(out.trimEnd().split("\n").at(-1) as string).history.val_loss).toHaveLength(2);
  expect(diffDeltas(read("module.safetensors"), read("file.safetensors"))).toEqual([]);
  save(...columns.map(([name, column]): [string, StoredTensor] => [name === "xs" ? "xs/body_input" : name, column]));
  expect(await graft("run", "recipe.json", "--out", "named.safetensors")).toMatchObject({ code: 0, err: "" });
  expect(diffDeltas(read("module.safetensors"), read("named.safetensors"))).toEqual([]);
  const errors: [tensors: [string, StoredTensor][], message: RegExp][] = [
    [[columns[0] as [string, StoredTensor]], /lacks ys/],
    [[...columns, ["val_xs", columns[0]?.[1] as StoredTensor]], /lacks val_xs|lacks val_ys/],
    [[...columns, ["yss", columns[1]?.[1] as StoredTensor]], /`yss` is not a name of data. Did you mean `ys`/],
    [
      [columns[0] as [string, StoredTensor], ["ys", { dtype: "I64", shape: [1], data: new Uint8Array(8) }]],
      /has the type I64[\s\S]*Write it as F32 or I32/,
    ],
  ];
  for (const [tensors, message] of errors) {
    save(...tensors);
    expect(await graft("run", "recipe.json")).toMatchObject({ code: 2, err: expect.stringMatching(message) });
  }
  write("data.safetensors", "no header");
  expect(await graft("run", "recipe.json")).toMatchObject({ code: 2, err: expect.stringMatching(/not a safetensors/) });
  withRun({ data: "none.safetensors" });
  expect((await graft("run", "recipe.json")).err).toMatch(/The data file cannot be read: the file does not exist/);
});

it("trains, merges and inspects a GraphModel, cut at the outputs that the recipe names", async () => {
  const float = { type: "DT_FLOAT" };
  const node = [
    { name: "x", op: "Placeholder", attr: { dtype: float, shape: { shape: { dim: [{ size: -1 }, { size: 3 }] } } } },
    ...["body/kernel", "head/kernel"].map((name) => ({ name, op: "Const", attr: { dtype: float } })),
    ...[
      ["m", "x", "body/kernel"],
      ["logits", "t", "head/kernel"],
    ].map(([name, a, b]) => ({
      ...{ name, op: "MatMul", input: [a, b] },
      attr: { T: float, transpose_a: { b: false }, transpose_b: { b: false } },
    })),
    { name: "t", op: "Tanh", input: ["m"], attr: { T: float } },
    { name: "probs", op: "Softmax", input: ["logits"], attr: { T: float } },
  ];
  const weights = [
    { name: "body/kernel", shape: [3, 4], dtype: "float32" },
    { name: "head/kernel", shape: [4, 2], dtype: "float32" },
  ];
  const json = { format: "graph-model", modelTopology: { node, versions: { producer: 0 } } };
  write("graph.json", { ...json, weightsManifest: [{ paths: ["graph.bin"], weights }] });
  writeFileSync(
    join(folder, "graph.bin"),
    new Uint8Array(Float32Array.from({ length: 20 }, (_, i) => Math.sin(i)).buffer),
  );
  const graph = { model: "graph.json", loss: "softmaxCrossEntropy", outputs: ["logits"] };
  withRun(graph);
  expect(await graft("run", "recipe.json", "--out", "delta.safetensors")).toMatchObject({ code: 0, err: "" });
  expect([...readSafetensors(read("delta.safetensors")).tensors.keys()]).toEqual(["head/kernel"]);
  expect(await graft("merge", "recipe.json", "delta.safetensors", "--out", "whole")).toMatchObject({
    code: 0,
    err: "",
  });
  const merged = JSON.parse(read("whole/model.json").toString("utf8"));
  expect(merged).toMatchObject({ format: "graph-model", modelTopology: { node } });
  const inspected = await graft("inspect", "whole/model.json");
  expect(inspected).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^GraphModel[\s\S]*head\/kernel +float32 {2}\[4, 2\]/),
  });
  const bytes = read(`whole/${merged.weightsManifest[0].paths[0]}`);
  const kernel = readSafetensors(read("delta.safetensors")).tensors.get("head/kernel")?.data;
  expect(bytes.subarray(48)).toEqual(Buffer.from(kernel as Uint8Array));
  const head = { after: "t", units: 2 };
  for (const [more, message] of [
    [{ ...graph, head }, /both `run.head` and `run.outputs`[\s\S]*Remove `outputs`/],
    [{ model: "graph.json", head: { after: "tt", units: 2 } }, /no node `tt`[\s\S]*`t`/],
    [{ ...graph, outputs: ["logit"] }, /no node `logit`/],
    [{ outputs: ["head"] }, /is a LayersModel[\s\S]*`run.outputs` names nodes of a GraphModel/],
  ] as const) {
    withRun(more);
    expect(await graft("run", "recipe.json")).toMatchObject({ code: 2, err: expect.stringMatching(message) });
  }
  withRun({ model: "graph.json", head, metrics: ["accuracy"] });
  expect(await graft("run", "recipe.json", "--out", "new-head")).toMatchObject({ code: 0 });
  const saved = await graft("inspect", "new-head/model.json");
  expect(saved.out).toMatch(/^GraphModel[\s\S]*body\/kernel[\s\S]*head\/kernel +float32 {2}\[4, 2\]/);
});

it("downloads a model that has an address once, and names the fault of a bad address", async () => {
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    if (request.url === "/slow") return;
    const path = join(folder, request.url ?? "");
    if (existsSync(path)) response.end(readFileSync(path));
    else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  withRun({ model: `${address}/model.json` });
  const first = await graft("run", "recipe.json");
  expect(first).toMatchObject({ code: 0, err: expect.stringMatching(/^Downloaded http:\S+ to .*Delete that file/) });
  expect(await graft("run", "recipe.json")).toMatchObject({ code: 0, err: "" });
  expect(asked).toBe(2);
  expect((await graft("run", "recipe.json", "--untrusted")).err).toMatch(/--untrusted downloads nothing/);
  withRun({ model: `${address}/other.json` });
  expect(await graft("run", "recipe.json")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/other.json cannot be downloaded: the server answers 404.\s+Check the address/),
  });
  withRun({ data: `${address}/data.js` });
  expect((await graft("run", "recipe.json")).err).toMatch(/are code.\s+Code is not loaded from the web/);
  const to = join(folder, "got");
  await expect(download(`${address}/slow`, to, { seconds: 0.1 })).rejects.toThrow(/nothing came for 0.1 s/);
  await expect(download(`${address}/model.json`, to, { bytes: 10 })).rejects.toThrow(/more than 10 bytes/);
  server.closeAllConnections();
  server.close();
  await new Promise((done) => server.once("close", done));
  await expect(download(`${address}/model.json`, to)).rejects.toThrow(/cannot be downloaded: .*Check the address/s);
  expect(existsSync(to)).toBe(false);
});

it("takes a rate for a phase of gradual unfreezing", async () => {
  const learningRate = { use: "linear", with: { start: 0.02, end: 0 } };
  withRun({ epochs: 2, batchSize: 24, unfreeze: [{ epoch: 1, trainable: "body/**", learningRate }] });
  const { code, out } = await graft("run", "recipe.json", "--json");
  expect(code).toBe(0);
  const steps = out.split("\n").filter((line) => line.includes('"step"') && line.includes("learningRate"));
  expect(steps.map((line) => JSON.parse(line).learningRate)).toEqual([0.1, 0.1, 0.02, 0.01]);
});

it("combines two deltas and says how two deltas differ", async () => {
  withRun({});
  await graft("run", "recipe.json", "--out", "head.safetensors");
  withRun({}, { trainable: "body/**" });
  await graft("run", "recipe.json", "--out", "body.safetensors");
  expect(await graft("stack", "head.safetensors", "body.safetensors", "--out", "both.safetensors")).toMatchObject({
    ...{ code: 0, err: "" },
  });
  expect((await graft("diff", "both.safetensors", "head.safetensors")).out).toBe(
    "body/bias    only in the first\nbody/kernel  only in the first\n",
  );
  expect(await graft("diff", "head.safetensors", "head.safetensors")).toMatchObject({ code: 0, out: "" });
  expect(JSON.parse((await graft("diff", "head.safetensors", "body.safetensors", "--json")).out)).toHaveLength(4);
  expect(await graft("merge", "recipe.json", "both.safetensors", "--out", "whole")).toMatchObject({ code: 0, err: "" });
  withRun({ epochs: 3 });
  await graft("run", "recipe.json", "--out", "longer.safetensors");
  expect((await graft("diff", "head.safetensors", "longer.safetensors")).out).toMatch(
    /^head\/kernel {2}differs by .* %$/m,
  );
  const refused = await graft("stack", "head.safetensors", "longer.safetensors", "--out", "x.safetensors");
  expect(refused).toMatchObject({ code: 2, err: expect.stringMatching(/Both deltas changed/) });
  expect(existsSync(join(folder, "x.safetensors"))).toBe(false);
  expect(await graft("stack", "head.safetensors", "none.safetensors", "--out", "x")).toMatchObject({ code: 2 });
  expect((await graft("stack", "head.safetensors")).err).toContain("two deltas and --out");
  expect((await graft("diff", "head.safetensors")).err).toContain("graft diff a.safetensors b.safetensors");
});
