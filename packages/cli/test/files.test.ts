import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { folderReader, loadLayersModel, readSafetensors } from "@graftjs/tuner";
import { afterAll, beforeEach, expect, it } from "vitest";
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

beforeEach(async () => write("recipe.json", await setUp()));
afterAll(tearDown);

const weightsOf = async (path: string): Promise<number[][]> => {
  const model = await loadLayersModel(folderReader(path), "model.json");
  const weights = model.getWeights().map((tensor) => [...tensor.dataSync()]);
  model.dispose();
  return weights;
};

it("merge saves base and delta as one model and does not change the base", async () => {
  await graft("run", "recipe.json", "--out", "delta.safetensors");
  const base = await weightsOf(folder);
  expect(await graft("merge", "recipe.json", "delta.safetensors", "--out", "whole")).toMatchObject({
    code: 0,
    err: "",
  });
  const merged = await weightsOf(join(folder, "whole"));
  const { data, shape } = readSafetensors(readFileSync(join(folder, "delta.safetensors"))).tensors.get(
    "head/kernel",
  ) ?? {
    data: new Uint8Array(),
    shape: [],
  };
  expect(shape).toEqual([4, 2]);
  expect(merged[2]).toEqual([...new Float32Array(data.slice().buffer)]);
  expect(merged.slice(0, 2)).toEqual(base.slice(0, 2));
  expect(merged[2]).not.toEqual(base[2]);
  expect(await weightsOf(folder)).toEqual(base);
});

it("merge refuses a delta of other weights, the folder of the base model, and missing arguments", async () => {
  await graft("run", "recipe.json", "--out", "delta.safetensors");
  const refused = await graft("merge", "recipe.json", "delta.safetensors", "--out", ".");
  expect(refused.code).toBe(2);
  expect(refused.err).toContain(
    "holds the base model.\n  Give --out another folder: other deltas still need the base model.\n",
  );
  write("recipe.json", await setUp()); // New random weights.
  write("weights.bin", "x".repeat(readFileSync(join(folder, "weights.bin")).length));
  await graft("run", "recipe.json", "--out", "other.safetensors");
  write("recipe.json", await setUp());
  const other = await graft("merge", "recipe.json", "other.safetensors", "--out", "whole");
  expect(other.code).toBe(2);
  expect(existsSync(join(folder, "whole"))).toBe(false);
  expect((await graft("merge", "recipe.json", "no.safetensors", "--out", "whole")).code).toBe(2);
  expect(await graft("merge", "recipe.json")).toMatchObject({
    code: 2,
    err: "graft merge takes a recipe, a delta and --out.\n  graft merge recipe.json delta.safetensors --out folder\n",
  });
});

it("merge replaces a model that it has written, and no other", async () => {
  await graft("run", "recipe.json", "--out", "delta.safetensors");
  const merge = (out: string) => graft("merge", "recipe.json", "delta.safetensors", "--out", out);
  for (let i = 0; i < 2; i++) expect(await merge("whole")).toMatchObject({ code: 0, err: "" });
  mkdirSync(join(folder, "mine"), { recursive: true });
  const others = [
    JSON.stringify({ modelTopology: {}, weightsManifest: [{ paths: ["group1-shard1of1.bin"] }] }),
    "notes",
    "",
  ];
  for (const content of others) {
    write("mine/model.json", content);
    expect(await merge("mine")).toMatchObject({
      code: 2,
      err: expect.stringContaining("is a model that Graft has not written"),
    });
    expect(readFileSync(join(folder, "mine/model.json"), "utf8")).toBe(content);
  }
});

it("inspect lists the tensors of a model by their names in recipes, and the tensors of a delta", async () => {
  await graft("run", "recipe.json", "--out", "delta.safetensors");
  const model = await graft("inspect", "model.json");
  expect(model).toMatchObject({ code: 0, err: "" });
  expect(model.out).toMatch(/^LayersModel with 2 layers: 4 tensors, 26 numbers$/m);
  expect(model.out).toMatch(/^ {2}head\/kernel +float32 {2}\[4, 2\]$/m);
  const delta = JSON.parse((await graft("inspect", "delta.safetensors", "--json")).out);
  expect(delta).toMatchObject({ kind: "graft-delta-1", tensors: [{ name: "head/bias" }, { name: "head/kernel" }] });
  expect((await graft("inspect", "none.safetensors")).code).toBe(2);
  expect((await graft("inspect", "recipe.json")).code).toBe(2);
  write("cut.safetensors", "no header");
  expect((await graft("inspect", "cut.safetensors")).code).toBe(2);
});

it("export saves the last run's model, one of a given delta, all weights, or another format", async () => {
  await graft("run", "recipe.json");
  const delta = "out/delta.safetensors";
  await graft("merge", "recipe.json", delta, "--out", "whole");
  const merged = await weightsOf(join(folder, "whole"));
  write("recipe.jsonc", `// with a comment\n${readFileSync(join(folder, "recipe.json"), "utf8")}`);
  const sources = [["recipe.json"], ["recipe.json", delta], ["recipe.jsonc"], ["model.json", delta], [".", delta]];
  for (const source of sources) {
    expect(await graft("export", ...source, "--out", "exported")).toMatchObject({
      code: 0,
      out: "Saved <folder>/exported/model.json.\n",
      err: "",
    });
    expect(await weightsOf(join(folder, "exported"))).toEqual(merged);
  }
  for (let i = 0; i < 2; i++)
    expect(await graft("export", "recipe.json", "--out", "all.safetensors")).toMatchObject({ code: 0, err: "" });
  const all = readSafetensors(readFileSync(join(folder, "all.safetensors"))).tensors;
  const values = (name: string) => [...new Float32Array(all.get(name)?.data.slice().buffer ?? new ArrayBuffer(0))];
  expect(all.size).toBe(4);
  expect(["body/kernel", "body/bias", "head/kernel", "head/bias"].map(values)).toEqual(merged);
  expect((await graft("export", "whole", "--out", "copy")).code).toBe(0);
  expect(await weightsOf(join(folder, "copy"))).toEqual(merged);
});

it("export refuses the base model's files, files of others, a recipe without a run, and missing arguments", async () => {
  const before = readFileSync(join(folder, "weights.bin"));
  expect((await graft("export", "recipe.json", "--out", "x")).err).toMatch(/delta .* cannot be read.*not exist/);
  expect((await graft("export", "model.json", "--out", ".")).err).toContain("holds the base model");
  write("mine.safetensors", "notes");
  expect((await graft("export", "model.json", "--out", "mine.safetensors")).err).toContain("Graft has not written");
  expect((await graft("export", "no.json", "--out", "x")).err).toContain("cannot be read: the file does not exist");
  expect(await graft("export", "model.json")).toMatchObject({ code: 2, err: expect.stringContaining("either --out") });
  expect(readFileSync(join(folder, "weights.bin"))).toEqual(before);
  expect(existsSync(join(folder, "x"))).toBe(false);
});
