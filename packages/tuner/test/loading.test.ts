import "@tensorflow/tfjs-backend-cpu";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import * as h5wasm from "h5wasm";
import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  folderReader,
  type H5Wasm,
  LoadError,
  loadKerasH5,
  loadLayersModel,
  saveModel,
  urlReader,
} from "../src/index.ts";
import { convNet } from "./nets.ts";
import oracle from "./oracle.json" with { type: "json" };
import { mapStore, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));

/** Paths that a URL parser changes: it drops tabs, line ends and surrounding spaces. */
const STRANGE = [
  ".\t./secret.bin",
  " /etc/passwd",
  " https://evil.example/x",
  "h\nttps://evil.example/x",
  "w.bin ",
  "%09/etc/passwd",
  "\u0000",
];

describe("loading", () => {
  it("refuses topologies that would loop forever or fill the memory, and leaks no tensors", async () => {
    const files = new Map<string, Uint8Array>();
    await saveModel(convNet(), mapStore(files));
    const good = new TextDecoder().decode(files.get("model.json"));
    const loaded = (text: string) =>
      loadLayersModel(async (name) =>
        name === "model.json" ? new TextEncoder().encode(text) : (files.get(name) as Uint8Array),
      );
    const start = tf.memory().numTensors;
    const cases: [from: string, to: string, message: RegExp][] = [
      [
        '[["conv_1",0,0,{}]]',
        '[["conv_2",0,0,{}]]',
        /"bn_1" of model.json reads call 0 of "conv_2", which does not exist/,
      ],
      ['[["conv_1",0,0,{}]]', '[["conv_1",1,0,{}]]', /"bn_1" of model.json reads call 1 of "conv_1"/],
      ['[["conv_1",0,0,{}]]', '[["head",0,0,{}]]', /"bn_1" of model.json reads call 0 of "head"/],
      ['"name":"bn_1"', '"name":"bn_0"', /two layers named "bn_0"/],
      ['"units":3', '"units":1000000000', /more weights than are stored: `kernel` is \[6,1000000000\]/],
      ['"units":3', '"units":2', /cannot build the model in model.json[\s\S]*tfjs-layers says: .*[Ss]hape/],
      [
        '"class_name":"Dense"',
        '"class_name":"Dense7"',
        /`head` is of the class Dense7, which tfjs-layers does not have.*Similar.*Dense/s,
      ],
      ['"dtype":"float32"}]', '"dtype":"float32"},{}]', /has a weight that cannot be read/],
    ];
    for (const [from, to, message] of cases) {
      expect(good).toContain(from);
      const run = loaded(good.replaceAll(from, to));
      await expect(run, to).rejects.toThrow(LoadError);
      await expect(run, to).rejects.toThrow(message);
      expect(tf.memory().numTensors, to).toBe(start);
    }
    const whole = await loaded(good);
    expect(weightsOf(whole)).toEqual(weightsOf(convNet()));
    expect(layers.layers.Layer.prototype).toBe(Object.getPrototypeOf(Object.getPrototypeOf(whole.getLayer("relu_0"))));
  });

  it("throws typed errors for a damaged .h5 file, and leaks no tensors", async () => {
    const good = Buffer.from(bytesOf(oracle.h5)).toString("latin1");
    const cases: [from: string, to: string, message: RegExp][] = [
      ['{"class_name"', '["class_name"', /model_config is not JSON/],
      ['"Dense"', '"Densx"', /`head` is of the class Densx/],
      ['"units": 3', '"units": 4', /`head` has weights of shapes \[4,4\] \[4\], but the file has \[4,3\] \[3\]/],
    ];
    for (const [from, to, message] of cases) {
      expect(good).toContain(from);
      const start = tf.memory().numTensors;
      const run = loadKerasH5(
        Uint8Array.from(Buffer.from(good.replaceAll(from, to), "latin1")),
        h5wasm as unknown as H5Wasm,
      );
      await expect(run, to).rejects.toThrow(LoadError);
      await expect(run, to).rejects.toThrow(message);
      expect(tf.memory().numTensors, to).toBe(start);
    }
  });

  it("never fetches a file outside the folder", async () => {
    const asked: string[] = [];
    const answer = async (url: string | URL | Request): Promise<Response> => {
      asked.push(String(url));
      return String(url).endsWith(".json") ? new Response("{}") : new Response(null, { status: 404 });
    };
    const spy = vi.spyOn(globalThis, "fetch").mockImplementation(answer);
    const read = urlReader("https://host.example/models/mine/");
    for (const path of STRANGE) {
      const json = { modelTopology: {}, weightsManifest: [{ paths: [path], weights: [] }] };
      const model = async (name: string) =>
        name === "model.json" ? new TextEncoder().encode(JSON.stringify(json)) : read(name);
      await expect(loadLayersModel(model), JSON.stringify(path)).rejects.toThrow(/outside its folder/);
    }
    for (const path of [
      "../other/x",
      "/x",
      "//evil.example/x",
      "https://evil.example/x",
      ".\t./x",
      "http://[",
      "%2e%2e/x",
    ])
      await expect(read(path), path).rejects.toThrow(LoadError);
    expect(asked).toEqual([]);
    expect(await read("sub/a.json")).toEqual(new TextEncoder().encode("{}"));
    await expect(read("b.bin")).rejects.toThrow(/b.bin: HTTP 404/);
    expect(asked).toEqual(["https://host.example/models/mine/sub/a.json", "https://host.example/models/mine/b.bin"]);
    for (const base of ["https://host.example/models/mine", "models/", "https://host.example/m/?key=1"])
      expect(() => urlReader(base)).toThrow(/ends in "\/"/);
    spy.mockRestore();
  });

  it("reads a Keras .h5 file and predicts the same as numpy", async () => {
    const model = await loadKerasH5(bytesOf(oracle.h5), h5wasm as unknown as H5Wasm);
    const y = (model.predict(tf.tensor2d(oracle.x)) as tf.Tensor).arraySync() as number[][];
    y.forEach((row, i) => {
      expect(row).toEqual(oracle.y[i]?.map((v) => expect.closeTo(v, 5)));
    });
    await expect(loadKerasH5(new Uint8Array(100), h5wasm as unknown as H5Wasm)).rejects.toThrow(/HDF5/);
  });

  it("loads Keras 3's model.json and refuses files outside its folder", async () => {
    const folder = mkdtempSync(join(tmpdir(), "graft-"));
    mkdirSync(join(folder, "model"));
    const dense = (units: number, name: string, from: string) => ({
      module: "keras.layers",
      class_name: "Dense",
      registered_name: null,
      name,
      config: {
        name,
        trainable: true,
        dtype: { module: "keras", class_name: "DTypePolicy", config: { name: "float32" }, registered_name: null },
        units,
        activation: "linear",
        use_bias: false,
        kernel_initializer: {
          module: "keras.initializers",
          class_name: "GlorotUniform",
          config: { seed: null },
          registered_name: null,
        },
      },
      build_config: { input_shape: [null, 2] },
      inbound_nodes: [
        {
          args: [
            {
              class_name: "__keras_tensor__",
              config: { shape: [null, 2], dtype: "float32", keras_history: [from, 0, 0] },
            },
          ],
          kwargs: {},
        },
      ],
    });
    const config = {
      name: "functional",
      trainable: true,
      layers: [
        {
          class_name: "InputLayer",
          config: { batch_shape: [null, 2], dtype: "float32", sparse: false, ragged: false, name: "in" },
          name: "in",
          inbound_nodes: [],
        },
        dense(2, "head", "in"),
      ],
      input_layers: [["in", 0, 0]],
      output_layers: [["head", 0, 0]],
    };
    const json = (path: string) =>
      JSON.stringify({
        format: "layers-model",
        modelTopology: {
          keras_version: "3.5.0",
          backend: "tensorflow",
          model_config: { class_name: "Functional", config },
        },
        weightsManifest: [{ paths: [path], weights: [{ name: "head/kernel", shape: [2, 2], dtype: "float32" }] }],
      });
    const bin = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    writeFileSync(join(folder, "model/w.bin"), bin);
    writeFileSync(join(folder, "secret.bin"), bin);
    writeFileSync(join(folder, "model/model.json"), json("w.bin"));
    const model = await loadLayersModel(folderReader(join(folder, "model")));
    expect((model.predict(tf.tensor2d([[1, 1]])) as tf.Tensor).arraySync()).toEqual([[4, 6]]);
    for (const path of [
      "../secret.bin",
      "/etc/passwd",
      "x/../../secret.bin",
      "%2e%2e/secret.bin",
      "..\\secret.bin",
      "file:///etc/passwd",
      "",
      ...STRANGE,
    ]) {
      writeFileSync(join(folder, "model/model.json"), json(path));
      await expect(loadLayersModel(folderReader(join(folder, "model")))).rejects.toThrow(/outside its folder/);
    }
    symlinkSync(join(folder, "secret.bin"), join(folder, "model/link.bin"));
    writeFileSync(join(folder, "model/model.json"), json("link.bin"));
    await expect(loadLayersModel(folderReader(join(folder, "model")))).rejects.toThrow(/link out of/);
    writeFileSync(join(folder, "model/model.json"), json("w.bin"));
    writeFileSync(join(folder, "model/w.bin"), bin.slice(0, 12));
    await expect(loadLayersModel(folderReader(join(folder, "model")))).rejects.toThrow(
      /truncated: they have 12 bytes, but model.json lists 16/,
    );
  });
});
