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
