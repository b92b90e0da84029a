import "@tensorflow/tfjs-backend-cpu";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { namedWeights, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import * as h5wasm from "h5wasm/node";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { keeper } from "../src/checkpoint/keeper.ts";
import { fromFloat16, toFloat16 } from "../src/files/safetensors/float16.ts";
import { tensorOf } from "../src/files/safetensors/tensors.ts";
import { opfsStore } from "../src/files/stores/opfs-store.ts";
import { folderStore } from "../src/files/stores/store.ts";
import {
  applyDelta,
  DeltaError,
  diffDeltas,
  FileError,
  fineTune,
  fingerprint,
  folderReader,
  type H5Wasm,
  LoadError,
  loadKerasH5,
  loadLayersModel,
  loadSafetensors,
  readSafetensors,
  saveDelta,
  saveModel,
  saveWhole,
  stackDeltas,
  urlReader,
  writeFileAtomic,
  writeSafetensors,
} from "../src/index.ts";
import { crashingDisk } from "./crashing-io.ts";
import { fuzzModelJson, fuzzSafetensors } from "./fuzz.ts";
import { convNet, mlp } from "./nets.ts";
import oracle from "./oracle.json" with { type: "json" };
import { examples, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));

describe("safetensors", () => {
  it("reads what the reference implementation wrote, and writes the same bytes", () => {
    const file = readSafetensors(bytesOf(oracle.safetensors));
    expect(file.metadata.get("made")).toBe("by safetensors");
    for (const [name, values] of Object.entries(oracle.values)) {
      const tensor = tensorOf(file.tensors.get(name) as never, name);
      expect([...tensor.dataSync()]).toEqual(values.map((value) => Math.fround(Number(value))));
      tensor.dispose();
    }
    expect(writeSafetensors(file.tensors, file.metadata)).toEqual(bytesOf(oracle.safetensors));
  });

  it("rounds halves as numpy does", () => {
    for (const [bits, value] of oracle.float16 as [number, number][]) expect(fromFloat16(bits)).toBe(value);
    for (const [value, bits] of oracle.toFloat16 as [number, number][]) expect(toFloat16(value)).toBe(bits);
    expect(fromFloat16(0x7c00)).toBe(Number.POSITIVE_INFINITY);
    expect(fromFloat16(0x7e00)).toBeNaN();
  });

  it("holds the format's rules", () => {
    const file = (header: string, data = 8, claim?: number): Uint8Array => {
      const json = new TextEncoder().encode(header);
      const out = new Uint8Array(8 + json.length + data);
      new DataView(out.buffer).setBigUint64(0, BigInt(claim ?? json.length), true);
      out.set(json, 8);
      return out;
    };
    const t = (from: number, to: number, shape = "[1]") =>
      `{"dtype":"F32","shape":${shape},"data_offsets":[${from},${to}]}`;
    const cases: [Uint8Array, RegExp][] = [
      [file("{}", 0, 200_000_000), /claims 200000000 bytes, the format allows/],
      [file("{}", 0, 50), /claims 50 bytes, the file has/],
      [file(` {"a":${t(0, 4)}}`, 4), /start with/],
      [file(`{"a":${t(0, 4)},"a":${t(4, 8)}}`), /"a" twice/],
      [file(`{"a":${t(0, 4)},"\\u0061":${t(4, 8)}}`), /"a" twice/],
      [file(`{"a":${t(4, 8)}}`), /begins at 4/],
      [file(`{"a":${t(0, 4)},"b":${t(0, 4)}}`, 4), /begins at 0, the data before it ends at 4/],
      [file(`{"a":${t(0, 4)}}`), /data is 8 bytes, the header describes 4/],
      [file(`{"a":${t(0, 8)}}`), /8 bytes, F32 \[1\] takes 4/],
      [file(`{"a":${t(0, 8, "[4294967296,4294967296]")}}`), /too large/],
      [file(`{"__metadata__":{"a":1}}`, 0), /no string/],
      [new Uint8Array(3), /3 bytes/],
    ];
    for (const [bytes, message] of cases) expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it("meets 4,000 damaged files with typed errors only", async () => {
    for (const result of [fuzzSafetensors(2000), await fuzzModelJson(2000)]) {
      expect(result.wrong).toEqual([]);
      expect(result.refused).toBeGreaterThan(1000);
    }
  });
});

describe("writing files", () => {
  it("leaves the old file or the new one after a crash at every call, half calls and pending names included", async () => {
    for (const how of ["before", "half", "after"] as const) {
      for (const lucky of [true, false]) {
        for (let call = 0; ; call++) {
          const disk = crashingDisk();
          const store = folderStore("run", disk.io);
          const checkpoints = keeper({ to: store, keep: 1 }, () => {});
          const content = (n: number) => ({ json: n, arrays: new Map([["a", Float32Array.of(n)]]) });
          await checkpoints.write(1, content(1));
          const before = disk.calls;
          disk.arm(call, how);
          await checkpoints.write(2, content(2));
          const used = disk.calls - before;
          disk.reboot(lucky);
          const found = await keeper({ to: store }, () => {}).newest();
          expect([1, 2]).toContain(found?.json);
          expect(disk.names.filter((name) => name.endsWith(".tmp"))).toEqual([]);
          if (call > used) break;
        }
      }
    }
  });

  it("names the reason and leaves the old file where it cannot write", async () => {
    const folder = mkdtempSync(join(tmpdir(), "graft-"));
    const path = join(folder, "deep/er", "x.bin");
    await writeFileAtomic(path, Uint8Array.of(1, 2));
    expect([...readFileSync(path)]).toEqual([1, 2]);
    const full = { ...crashingDisk().io, writeFlushed: () => Promise.reject(new Error("ENOSPC")) };
    await expect(writeFileAtomic(path, Uint8Array.of(3), full)).rejects.toThrow(FileError);
    await expect(writeFileAtomic(join(path, "below-a-file"), Uint8Array.of(3))).rejects.toThrow(/Cannot write/);
    expect([...readFileSync(path)]).toEqual([1, 2]);
    chmodSync(folder, 0o755);
  });

  it("keeps checkpoints in a browser's private file system", async () => {
    const files = new Map<string, Uint8Array>();
    const folder = {
      getDirectoryHandle: async () => folder,
      removeEntry: async (name: string) => void files.delete(name),
      keys: async function* () {
        yield* files.keys();
      },
      getFileHandle: async (name: string, options?: { create?: boolean }) => {
        if (!files.has(name) && !options?.create) throw new Error("NotFoundError");
        let staged = new Uint8Array();
        return {
          getFile: async () => ({
            arrayBuffer: async () => (files.get(name) as Uint8Array).slice().buffer as ArrayBuffer,
          }),
          createWritable: async () => ({
            write: async (bytes: Uint8Array) => {
              staged = bytes.slice();
            },
            close: async () => void files.set(name, staged),
          }),
        };
      },
    };
    const store = opfsStore("run", async () => folder);
    await store.write("a", Uint8Array.of(1));
    expect(await store.read("a")).toEqual(Uint8Array.of(1));
    expect(await store.read("b")).toBeUndefined();
    expect(await store.list()).toEqual(["a"]);
    await expect(opfsStore("run").list()).rejects.toThrow(/no origin private file system/);
  });
});

describe("keeping checkpoints", () => {
  it("takes away on resume what a killed write left, but never what is newer or as young as `keep` allows", async () => {
    const { mapStore } = await import("./support.ts");
    const files = new Map<string, Uint8Array>();
    const content = (n: number) => ({ json: n, arrays: new Map([["a", Float32Array.of(n)]]) });
    for (const n of [1, 2, 3, 4]) await keeper({ to: mapStore(files), keep: 4 }, () => {}).write(n, content(n));
    const names = [...files.keys()].sort();
    files.set(names[3] as string, Uint8Array.of(0));
    files.set(names[2] as string, Uint8Array.of(0));
    // Two are damaged, so the third is the newest whole one: it stays though `keep` is 2.
    expect((await keeper({ to: mapStore(files), keep: 2 }, () => {}).newest())?.json).toBe(2);
    expect([...files.keys()].sort()).toEqual(names.slice(1));
    const locked = { ...mapStore(files), remove: () => Promise.reject(new Error("EROFS")) };
    expect((await keeper({ to: locked, keep: 1 }, () => {}).newest())?.json).toBe(2);
  });
});

describe("a cache on disk", () => {
  it("is read by the next run, not by one with other data or weights, and not when damaged", async () => {
    const files = new Map<string, Uint8Array>();
    const { mapStore } = await import("./support.ts");
    const store = mapStore(files);
    const run = async (
      model: layers.LayersModel,
      data: ReturnType<typeof examples>,
      precision: "float32" | "float16" = "float32",
    ) => {
      const { restore, history } = await fineTune(model, {
        data,
        loss: "categoricalCrossentropy",
        trainable: "head",
        rule: sgd(),
        learningRate: 0.1,
        epochs: 1,
        cache: { store, precision },
      });
      restore();
      return history.loss[0] as number;
    };
    const data = examples([4]);
    const first = await run(mlp(), data);
    expect(files.size).toBe(1);
    expect(await run(mlp(), data)).toBe(first);
    expect(files.size).toBe(1);
    await run(mlp(), examples([4], 10));
    const other = mlp();
    other.layers[0]?.setWeights([tf.ones([4, 8]), tf.zeros([8])]);
    await run(other, data);
    expect(files.size).toBe(3);
    const [name, bytes] = [...files][0] as [string, Uint8Array];
    files.set(name, bytes.slice(0, -1));
    expect(await run(mlp(), data)).toBe(first);
    expect(files.get(name)).toEqual(bytes);
    const half = await run(mlp(), data, "float16");
    expect(half).not.toBe(first);
    expect(half).toBeCloseTo(first, 3);
  });
});

describe("deltas", () => {
  it("stack, differ and merge", async () => {
    const tune = async (trainable: string): Promise<Uint8Array> => {
      const model = mlp();
      const result = await fineTune(model, {
        data: examples([4]),
        loss: "categoricalCrossentropy",
        trainable,
        rule: sgd(),
        learningRate: 0.1,
        epochs: 2,
      });
      result.restore();
      return saveDelta(model, result, { recipe: { trainable } });
    };
    const [head, middle, both] = [await tune("head"), await tune("middle"), await tune("last:2")];
    const stacked = mlp();
    applyDelta(stacked, stackDeltas(head, middle));
    const reference = mlp();
    applyDelta(reference, head);
    expect(weightsOf(stacked)["head/kernel"]).toEqual(weightsOf(reference)["head/kernel"]);
    expect(weightsOf(stacked)["middle/kernel"]).not.toEqual(weightsOf(reference)["middle/kernel"]);
    expect(() => stackDeltas(head, both)).toThrow(DeltaError);
    expect(diffDeltas(head, head)).toEqual([]);
    expect(diffDeltas(head, both).map((d) => `${d.name} ${d.in}`)).toEqual([
      "head/bias both",
      "head/kernel both",
      "middle/bias second",
      "middle/kernel second",
    ]);
    const whole = mlp();
    loadSafetensors(whole, await saveWhole(stacked));
    expect(weightsOf(whole)).toEqual(weightsOf(stacked));
    expect(await fingerprint(namedWeights(whole))).toEqual(await fingerprint(namedWeights(stacked)));
    expect(() => loadSafetensors(mlp({ classes: 4 }), head)).toThrow(/in 6 place[\s\S]*trunk\/kernel/);
    const torch = mlp();
    loadSafetensors(torch, head, { strict: false, convert: (tensor) => tf.mul(tensor, 2) });
    expect(weightsOf(torch)["head/kernel"]?.[0]).toBeCloseTo(
      2 * (weightsOf(reference)["head/kernel"]?.[0] as number),
      6,
    );
    expect(() => applyDelta(mlp(), head.slice(0, 50))).toThrow(/safetensors/);
  });
});

/** Paths that an address's parser reads as others: it drops tabs, line ends and spaces around. */
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
  it("refuses topologies that would never end or fill the memory, and leaves no tensor of half a model", async () => {
    const files = new Map<string, Uint8Array>();
    const { mapStore } = await import("./support.ts");
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
        /"bn_1" of model.json reads call 0 of "conv_2", which never comes/,
      ],
      ['[["conv_1",0,0,{}]]', '[["conv_1",1,0,{}]]', /"bn_1" of model.json reads call 1 of "conv_1"/],
      ['[["conv_1",0,0,{}]]', '[["head",0,0,{}]]', /"bn_1" of model.json reads call 0 of "head"/],
      ['"name":"bn_1"', '"name":"bn_0"', /two layers named "bn_0"/],
      ['"units":3', '"units":1000000000', /more weights than the file has: `kernel` is \[6,1000000000\]/],
      ['"units":3', '"units":2', /cannot build the model that model.json describes[\s\S]*It says: .*[Ss]hape/],
      ['"class_name":"Dense"', '"class_name":"Dense7"', /It says: Unknown layer: Dense7/],
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

  it("meets a damaged .h5 with typed errors, and leaves no tensor", async () => {
    const good = Buffer.from(bytesOf(oracle.h5)).toString("latin1");
    const cases: [from: string, to: string, message: RegExp][] = [
      ['{"class_name"', '["class_name"', /model_config is no JSON/],
      ['"Dense"', '"Densx"', /Unknown layer: Densx/],
      ['"units": 3', '"units": 4', /cannot build[\s\S]*It says: .*[Ss]hape/],
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

  it("by fetch never leaves the folder, whatever the paths", async () => {
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

  it("reads a Keras .h5 and predicts what numpy does", async () => {
    const model = await loadKerasH5(bytesOf(oracle.h5), h5wasm as unknown as H5Wasm);
    const y = (model.predict(tf.tensor2d(oracle.x)) as tf.Tensor).arraySync() as number[][];
    y.forEach((row, i) => {
      expect(row).toEqual(oracle.y[i]?.map((v) => expect.closeTo(v, 5)));
    });
    await expect(loadKerasH5(new Uint8Array(100), h5wasm as unknown as H5Wasm)).rejects.toThrow(/HDF5/);
  });

  it("loads Keras 3's model.json, and refuses to leave its folder", async () => {
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
      /truncated: 12 bytes, and model.json lists 16/,
    );
  });
});
