import "@tensorflow/tfjs-backend-cpu";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  folderReader,
  functionAdapter,
  LoadError,
  loadLayersModel,
  loadModel,
  type ModelFormat,
  plugins,
  safetensorsFormat,
  saveModel,
  writeSafetensors,
} from "../src/index.ts";
import { graphArtifact } from "./graphs.ts";
import kerasOracle from "./keras-oracle.json" with { type: "json" };
import { mlp } from "./nets.ts";
import { weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  await tf.setBackend("cpu");
  folder = mkdtempSync(join(tmpdir(), "graft-formats-"));
  const model = mlp();
  await saveModel(model, folder);
  const { modelTopology, weightSpecs, weightData } = graphArtifact();
  const manifest = [{ paths: ["graph.bin"], weights: weightSpecs }];
  writeFileSync(at("graph.json"), JSON.stringify({ modelTopology, weightsManifest: manifest, format: "graph-model" }));
  writeFileSync(at("graph.bin"), new Uint8Array(weightData as ArrayBuffer));
  writeFileSync(at("model.keras"), inflateSync(Buffer.from(kerasOracle.image.keras, "base64")));
  writeFileSync(at("renamed"), inflateSync(Buffer.from(kerasOracle.image.keras, "base64")));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("a model.json in a subfolder finds its weights beside it", async () => {
  const files = new Map<string, Uint8Array>();
  const model = mlp();
  await saveModel(model, join(folder, "sub"));
  const read = async (path: string): Promise<Uint8Array> => {
    const bytes = await folderReader(folder)(path);
    files.set(path, bytes);
    return bytes;
  };
  expect(weightsOf(await loadLayersModel(read, "sub/model.json"))).toEqual(weightsOf(model));
  expect([...files.keys()].every((path) => path.startsWith("sub/"))).toBe(true);
});

/** Twice the weights of `mlp`, the head's kernel under another name and transposed, as PyTorch has it. */
function pytorchLike(model: layers.LayersModel): Uint8Array {
  const tensors = Object.entries(weightsOf(model)).map(([name, values]) => {
    const tensor = model.weights.find((weight) => weight.originalName === name);
    const shape = (tensor?.shape ?? []) as number[];
    const doubled = tf.tensor(
      values.map((value) => 2 * value),
      shape,
    );
    const written = name === "head/kernel" ? tf.transpose(doubled) : doubled;
    const data = new Uint8Array(Float32Array.from(written.dataSync()).buffer);
    return [
      name === "head/kernel" ? "fc.weight" : name,
      { dtype: "F32" as const, shape: written.shape, data },
    ] as const;
  });
  return writeSafetensors(new Map(tensors), new Map());
}

describe("loadModel", () => {
  it("recognises every format by its content or its name", async () => {
    const files = {
      "model.json": "layers-model",
      "graph.json": "graph-model",
      "model.keras": "keras",
      renamed: "keras",
    };
    for (const [file, format] of Object.entries(files)) {
      const model = await loadModel(at(file));
      expect(model.format, file).toBe(format);
      expect(model.params.length, file).toBeGreaterThan(0);
      expect(model.layers === undefined, file).toBe(format === "graph-model");
      model.dispose();
    }
  });

  it("reads the outputs that the caller names, and leaves no tensor behind", async () => {
    const before = tf.memory().numTensors;
    const graph = await loadModel(at("graph.json"), { outputs: ["logits"] });
    expect(graph.tunable).toMatchObject({ ports: { outputNames: ["logits"] } });
    graph.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it("puts weights of a safetensors file into a model, by a map of names", async () => {
    const original = (await loadModel(at("model.json"))).layers as layers.LayersModel;
    writeFileSync(at("weights.safetensors"), pytorchLike(original));
    const names = { "head/kernel": "fc.weight" };
    const format = safetensorsFormat({ model: "model.json", names, transpose: ["head/kernel"] });
    const loaded = (await loadModel(at("weights.safetensors"), { format })).layers as layers.LayersModel;
    const doubled = Object.entries(weightsOf(original)).map(([name, values]) => [name, values.map((v) => 2 * v)]);
    expect(weightsOf(loaded)).toEqual(Object.fromEntries(doubled));
    const before = tf.memory().numTensors;
    const unnamed = safetensorsFormat({ model: "model.json" });
    await expect(loadModel(at("weights.safetensors"), { format: unnamed })).rejects.toThrow(/no `head\/kernel`/);
    writeFileSync(at("cut.safetensors"), "no header");
    await expect(loadModel(at("cut.safetensors"), { format: unnamed })).rejects.toThrow(LoadError);
    expect(tf.memory().numTensors).toBe(before);
    await expect(loadModel(at("weights.safetensors"))).rejects.toThrow(/weights without a model/);
  });

  it("takes a format of a third party, by name or by what it matches", async () => {
    const tiny: ModelFormat = {
      name: "tiny",
      matches: ({ name }) => name.endsWith(".tiny"),
      async load(file) {
        const { scale } = JSON.parse(new TextDecoder().decode(await file.bytes())) as { scale: number };
        const weight = tf.variable(tf.scalar(scale), true);
        const adapter = functionAdapter({
          inputs: { x: [null, 3] },
          outputs: { y: [null, 3] },
          variables: { scale: weight },
          forward: ([x]) => tf.mul(x as tf.Tensor, weight),
        });
        return { tunable: adapter, savable: undefined, layers: undefined, dispose: () => weight.dispose() };
      },
    };
    writeFileSync(at("a.tiny"), '{"scale": 3}');
    for (const format of [tiny, [tiny]]) {
      const model = await loadModel(at("a.tiny"), { format });
      expect(model.format).toBe("tiny");
      expect(model.params.map(({ name }) => name)).toEqual(["scale"]);
      model.dispose();
    }
  });

  it("says why a file cannot be loaded", async () => {
    const refused = async (file: string, message: RegExp, more: Parameters<typeof loadModel>[1] = {}) => {
      await expect(loadModel(at(file), more)).rejects.toThrow(message);
      await expect(loadModel(at(file), more)).rejects.toThrow(LoadError);
    };
    writeFileSync(at("notes.txt"), "no model");
    await refused("notes.txt", /notes.txt is of no format[\s\S]*layers-model/);
    await refused("none.bin", /Cannot read none.bin/);
    await refused("none.json", /Cannot read none.json/);
    const importPackage = async (name: string): Promise<never> => {
      throw new LoadError(`The package ${name} cannot be loaded.`, "Install it.");
    };
    await refused("model.keras", /package h5wasm cannot be loaded/, { importPackage });
  });

  it("registers its formats as plugins", () => {
    const formats = plugins.filter(({ kind }) => kind === "model-format").map(({ name }) => name);
    expect(formats).toEqual(["layers-model", "graph-model", "keras", "keras-h5", "safetensors"]);
  });
});
