import "@tensorflow/tfjs-backend-cpu";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LayersLike, namedWeights, type Param, type PatchHandle, sgd } from "@graftjs/core";
import * as converter from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  applyDelta,
  applyDeltaAsync,
  DeltaError,
  diffDeltas,
  fineTune,
  fingerprint,
  folderReader,
  functionAdapter,
  type GraphModelAdapter,
  graphModelAdapter,
  loadLayersModel,
  loadSafetensors,
  readSafetensors,
  SafetensorsError,
  saveDelta,
  saveModel,
  saveWhole,
  stackDeltas,
  type TunableModel,
  writeSafetensors,
} from "../src/index.ts";
import { graphArtifact } from "./graphs.ts";
import { mlp } from "./nets.ts";
import { examples, mapStore, weightsOf } from "./support.ts";

let folder: string;
beforeEach(async () => {
  await tf.setBackend("cpu");
  folder = mkdtempSync(join(tmpdir(), "graft-delta-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function tune(model: TunableModel, trainable: string, shape: number[]): Promise<Uint8Array> {
  const options = { loss: "softmaxCrossEntropy", rule: sgd(), learningRate: 0.1, epochs: 2 } as const;
  const result = await fineTune(model, { ...options, data: examples(shape, 12), trainable });
  result.restore();
  return saveDelta(model, result, { recipe: { trainable } });
}

const stockGraph = (artifacts: tf.io.ModelArtifacts) => converter.loadGraphModel({ load: async () => artifacts });

/** Reads the metadata of a delta without Graft. */
async function artifactsIn(read: (name: string) => Promise<Uint8Array>): Promise<tf.io.ModelArtifacts> {
  const json = JSON.parse(new TextDecoder().decode(await read("model.json"))) as tf.io.ModelJSON;
  return tf.io.getModelArtifactsForJSON(json, async (manifest) => {
    const shards = await Promise.all(manifest.flatMap(({ paths }) => paths).map(read));
    const bytes = shards.map((shard) => Uint8Array.from(shard).buffer);
    return [manifest.flatMap(({ weights }) => weights), tf.io.CompositeArrayBuffer.join(bytes)];
  });
}

describe("deltas of a GraphModel", () => {
  it("are saved, stacked, applied only to a fresh base, merged, and load in stock tfjs", async () => {
    const fresh = async (): Promise<[converter.GraphModel, GraphModelAdapter]> => {
      const model = await stockGraph(graphArtifact());
      return [model, graphModelAdapter(model, { outputs: ["logits"] })];
    };
    const [model, tuned] = await fresh();
    const head = await tune(tuned, "head/**", [6, 6, 2]);
    const conv = await tune((await fresh())[1], "block/**", [6, 6, 2]);
    const all = await tune((await fresh())[1], "**", [6, 6, 2]);
    expect(diffDeltas(head, all).map((d) => `${d.name} ${d.in}`)).toEqual([
      "block/conv/bias second",
      "block/conv/kernel second",
      "head/bias both",
      "head/kernel both",
    ]);

    const xs = examples([6, 6, 2], 12).xs;
    const predict = (m: converter.GraphModel) => [...(m.predict(xs) as tf.Tensor).dataSync()];
    const [merged, base] = await fresh();
    const untuned = predict(merged);
    applyDelta(base, head);
    expect(predict(merged)).toEqual(predict(model));
    expect(predict(merged)).not.toEqual(untuned);
    applyDelta(base, head);
    expect(() => applyDelta(base, all)).toThrow(DeltaError);

    await saveModel(merged, folder);
    const loaded = await stockGraph(await artifactsIn(folderReader(folder)));
    expect(predict(loaded)).toEqual(predict(model));
    base.release();
    expect(predict(merged)).toEqual(untuned);

    const [both, stacked] = await fresh();
    applyDelta(stacked, stackDeltas(head, conv));
    expect(predict(both)).not.toEqual(predict(model));
    const [copy, into] = await fresh();
    loadSafetensors(into, await saveWhole(stacked));
    expect(predict(copy)).toEqual(predict(both));
  });
});

describe("parameters added by a patch", () => {
  /** Adds a trained vector to the output of the head. */
  const adding = () => {
    const variable = tf.variable(tf.zeros([3]));
    const added: Param = {
      ...{ name: "head/shift", layer: "head", role: "shift", shape: [3], unitAxes: [0], variable, trainable: true },
    };
    const apply = (model: LayersLike): PatchHandle => {
      const head = (model as layers.LayersModel).getLayer("head") as layers.layers.Layer & { call?: unknown };
      const former = head.call.bind(head);
      head.call = (x, kwargs) => tf.add(former(x, kwargs) as tf.Tensor, variable);
      return {
        added: [added],
        restore() {
          Reflect.deleteProperty(head, "call");
          variable.dispose();
        },
      };
    };
    return { name: "adding", apply, added };
  };

  it("are trained, saved and restored with the patch; refused without it, and after they are freed", async () => {
    const patch = adding();
    const model = mlp();
    const result = await fineTune(model, {
      ...{ data: examples([4], 12), loss: "softmaxCrossEntropy", trainable: "head/shift", patches: [patch] },
      ...{ rule: sgd(), learningRate: 0.1, epochs: 2 },
    });
    const delta = await saveDelta(model, result);
    const trained = [...patch.added.variable.dataSync()];
    expect(trained.every((value) => value !== 0)).toBe(true);
    expect([...readSafetensors(delta).tensors.keys()]).toEqual(["head/shift"]);
    result.restore();
    await expect(saveDelta(model, result)).rejects.toThrow(/`head\/shift`: added by a patch, but already freed/);

    const [fresh, again] = [mlp(), adding()];
    expect(() => applyDelta(fresh, delta)).toThrow(/head\/shift is not in the model/);
    const handle = again.apply(fresh);
    applyDelta(fresh, delta, { params: handle.added ?? [] });
    await applyDeltaAsync(fresh, delta, { params: handle.added ?? [] });
    expect([...again.added.variable.dataSync()]).toEqual(trained);
    const other = mlp();
    other.setWeights(other.getWeights().map((tensor) => tf.add(tensor, 1)));
    const [third] = adding().apply(other).added as [Param];
    expect(() => applyDelta(other, delta, { params: [third] })).toThrow(/another base/);
    expect([...third.variable.dataSync()]).toEqual([0, 0, 0]);
  });
});

describe("a stack of deltas", () => {
  it("may be applied twice, like a single delta; a stack of another base or without tensors is refused", async () => {
    const [head, middle] = [await tune(mlp(), "head", [4]), await tune(mlp(), "middle", [4])];
    const both = stackDeltas(head, middle);
    const model = mlp();
    applyDelta(model, both);
    const once = weightsOf(model);
    applyDelta(model, both);
    await applyDeltaAsync(model, both);
    expect(weightsOf(model)).toEqual(once);
    // Some tensors are applied already, and the others are added.
    const half = mlp();
    applyDelta(half, middle);
    applyDelta(half, both);
    expect(weightsOf(half)).toEqual(once);
    model.layers[0]?.setWeights([tf.ones([4, 8]), tf.zeros([8])]);
    expect(() => applyDelta(model, both)).toThrow(/another base/);
    const untouched = await fingerprint(namedWeights(mlp()));
    const empty = await saveDelta(mlp(), { base: untouched });
    expect(readSafetensors(empty).tensors.size).toBe(0);
    expect(() => applyDelta(model, empty)).toThrow(/another base/);
  });

  it("are refused by name if a value is not finite", async () => {
    const model = mlp();
    const bytes = await tune(model, "head", [4]);
    const file = readSafetensors(bytes);
    const [name, tensor] = [...file.tensors][0] as [string, { data: Uint8Array }];
    const data = Uint8Array.from(tensor.data);
    new DataView(data.buffer).setFloat32(0, Number.NaN, true);
    const broken = writeSafetensors(new Map([...file.tensors, [name, { ...tensor, data } as never]]), file.metadata);
    const before = weightsOf(model);
    expect(() => applyDelta(model, broken)).toThrow(DeltaError);
    expect(() => applyDelta(model, broken)).toThrow(`values that are not finite in \`${name}\``);
    expect(weightsOf(model)).toEqual(before);
  });

  it("accepts only deltas", () => {
    const bare = writeSafetensors(new Map());
    const torn = writeSafetensors(
      new Map(),
      new Map([
        ["format", "graft-delta-1"],
        ["base", "x"],
        ["recipe", "not json"],
      ]),
    );
    expect(() => stackDeltas(bare, bare)).toThrow(/not a delta/);
    expect(() => stackDeltas(torn, bare)).toThrow(DeltaError);
    expect(() => stackDeltas(torn, torn)).toThrow(/`recipe` in the delta is not JSON: not json/);
    expect(() => stackDeltas(torn, new Uint8Array(3))).toThrow(SafetensorsError);
  });
});

describe("deltas read by Node", () => {
  it("are read from a Buffer at any offset of its pool, although its `slice` gives a view", async () => {
    const model = mlp();
    const delta = await tune(model, "head", [4]);
    const pooled = Buffer.concat([new Uint8Array(3), delta]).subarray(3);
    const fresh = mlp();
    applyDelta(fresh, pooled);
    expect(weightsOf(fresh)).toEqual(weightsOf(model));
    expect(diffDeltas(pooled, delta)).toEqual([]);
    loadSafetensors(fresh, Buffer.from(await saveWhole(model)));
    expect(weightsOf(fresh)).toEqual(weightsOf(model));
  });
});

describe("deltas of functions over variables", () => {
  it("are saved, applied and refused like those of a model", async () => {
    const make = (seed: number) => {
      const kernel = tf.variable(tf.randomNormal([4, 3], 0, 1, "float32", seed));
      const bias = tf.variable(tf.zeros([3]));
      return functionAdapter({
        variables: { "head/kernel": kernel, "head/bias": bias },
        inputs: { x: [null, 4] },
        outputs: { y: [null, 3] },
        forward: ([x]) => tf.add(tf.matMul(x as tf.Tensor2D, kernel as unknown as tf.Tensor2D), bias),
      });
    };
    const values = ({ weights }: ReturnType<typeof make>) => weights.map(({ variable }) => [...variable.dataSync()]);
    const [tuned, fresh, other] = [make(1), make(1), make(2)];
    const delta = await tune(tuned, "head/bias", [4]);
    applyDelta(fresh, delta);
    expect(values(fresh)).toEqual(values(tuned));
    const before = values(other);
    expect(() => applyDelta(other, delta)).toThrow(/another base/);
    expect(values(other)).toEqual(before);
    loadSafetensors(other, await saveWhole(tuned));
    expect(values(other)).toEqual(values(tuned));
  });
});

describe("saveModel", () => {
  it("writes a LayersModel that stock tfjs and loadLayersModel load, and keeps one file of weights", async () => {
    const model = mlp();
    await saveModel(model, folder);
    const first = readdirSync(folder);
    const delta = await tune(model, "head", [4]);
    const merged = mlp();
    applyDelta(merged, delta);
    writeFileSync(join(folder, "notes.txt"), "mine");
    await saveModel(merged, folder);
    const stock = await layers.loadLayersModel(tf.io.fromMemory(await artifactsIn(folderReader(folder))));
    expect(weightsOf(stock)).toEqual(weightsOf(model));
    expect(weightsOf(await loadLayersModel(folderReader(folder)))).toEqual(weightsOf(model));
    const second = readdirSync(folder);
    expect(second).toHaveLength(3);
    expect(second).toContain("notes.txt");
    expect(second.filter((name) => first.includes(name))).toEqual(["model.json"]);
  });

  it("keeps the old model if any of its writes fails", async () => {
    for (let failing = 0; failing < 2; failing++) {
      const files = new Map<string, Uint8Array>();
      const whole = mapStore(files);
      const old = mlp();
      await saveModel(old, whole);
      let writes = 0;
      const broken: typeof whole = {
        ...whole,
        write: async (name, bytes) => {
          if (writes++ === failing) throw new Error("disk full");
          await whole.write(name, bytes);
        },
      };
      const next = mlp();
      next.setWeights(next.getWeights().map((tensor) => tf.add(tensor, 1)));
      await expect(saveModel(next, broken)).rejects.toThrow("disk full");
      const loaded = await loadLayersModel(async (name) => files.get(name) as Uint8Array);
      expect(weightsOf(loaded)).toEqual(weightsOf(old));
    }
  });
});
