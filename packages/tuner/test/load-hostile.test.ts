import "@tensorflow/tfjs-backend-cpu";
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { inflateSync } from "node:zlib";
import * as tf from "@tensorflow/tfjs-core";
import * as fflate from "fflate";
import * as h5wasm from "h5wasm";
import * as h5wasmNode from "h5wasm/node";
import { beforeEach, describe, expect, it } from "vitest";
import { type H5Wasm, LoadError, loadKeras, loadKerasH5, readModelArtifacts } from "../src/index.ts";
import { fuzzH5, fuzzKeras } from "./fuzz-keras.ts";
import hostile from "./h5-hostile.json" with { type: "json" };
import oracle from "./keras-oracle.json" with { type: "json" };

beforeEach(() => tf.setBackend("cpu"));

const h5 = h5wasm as unknown as H5Wasm;
const inflated = (base64: string): Uint8Array => new Uint8Array(inflateSync(Buffer.from(base64, "base64")));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe("hostile .h5 files", () => {
  const messages: Readonly<
    Record<Exclude<keyof typeof hostile, "plain" | "fletcher32" | "zeros, gzip" | "5,000 nested groups">, RegExp>
  > = {
    "external, absolute": /refers to the file "\/elsewhere\/secret.bin"/,
    "external, relative": /refers to the file ".*secret.bin"/,
    "external, a device": /refers to the file "\/dev\/stdin"/,
    "virtual, absolute": /refers to "\/elsewhere\/secret.h5".*virtual/,
    "virtual, relative": /refers to "secret.h5".*virtual/,
    "virtual, the file itself": /refers to "\.".*virtual/,
    "external link": /refers to the file ".*secret.h5"/,
    "external link of a group": /refers to the file ".*secret.h5"/,
    "soft link through an external link": /refers to the file ".*secret.h5"/,
    "broken soft link": /by a link to nothing/,
    strings: /kernel:0 does not hold little-endian float32/,
    compound: /kernel:0 does not hold little-endian float32/,
    "a group": /kernel:0 is not a dataset/,
    huge: /the file has \[30000,30000\]/,
    "huge rank": /the file has \[4,3,1000,1000,1000\]/,
  };

  it("refuses external storage, virtual datasets and links by name, even if the other file is in h5wasm's memory", async () => {
    const { FS } = (await h5.ready) as unknown as {
      FS: { mkdir(path: string): void; writeFile(path: string, bytes: Uint8Array): void };
    };
    FS.mkdir("/elsewhere");
    const secret = new Uint8Array(Float32Array.from({ length: 12 }, () => 7).buffer);
    for (const path of ["/elsewhere/secret.bin", "/secret.bin"]) FS.writeFile(path, secret);
    for (const path of ["/elsewhere/secret.h5", "/secret.h5"]) FS.writeFile(path, inflated(hostile.plain));
    const plain = await loadKerasH5(inflated(hostile.plain), h5);
    expect([...(plain.weights[0]?.read().dataSync() ?? [])]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const before = tf.memory().numTensors;
    for (const [name, message] of Object.entries(messages)) {
      const load = loadKerasH5(inflated(hostile[name as keyof typeof hostile]), h5);
      await expect(load, name).rejects.toThrow(message);
      await expect(load, name).rejects.toThrow(LoadError);
      expect(tf.memory().numTensors, name).toBe(before);
    }
  });

  it("refuses every flipped bit of values that have a checksum (fletcher32)", async () => {
    const good = inflated(hostile.fletcher32);
    const model = await loadKerasH5(good, h5);
    expect([...(model.weights[0]?.read().dataSync() ?? [])]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const at = Buffer.from(good).indexOf(new Uint8Array(Float32Array.from({ length: 12 }, (_, i) => i).buffer));
    expect(at).toBeGreaterThan(0);
    for (let bit = 0; bit < 48 * 8; bit += 5) {
      const bytes = good.slice();
      bytes[at + (bit >> 3)] = (bytes[at + (bit >> 3)] as number) ^ (1 << (bit & 7));
      await expect(loadKerasH5(bytes, h5), `bit ${bit}`).rejects.toThrow(LoadError);
    }
  });

  it("loads honest zeros, which gzip makes 200 times smaller, and refuses more than the limit by its name", async () => {
    const zeros = inflated(hostile["zeros, gzip"]);
    expect(zeros.length).toBeLessThan(20_000);
    const model = await loadKerasH5(zeros, h5);
    expect(model.weights.map(({ shape }) => shape)).toEqual([[1024, 1024], [1024]]);
    for (const weight of model.weights) weight.dispose();
    const load = loadKerasH5(zeros, h5, { maxUnpackedBytes: 2 ** 20 });
    await expect(load).rejects.toThrow(/is \[1024,1024\][\s\S]*raise `maxUnpackedBytes`/);
  });

  it("loads a file with 5,000 groups in each other in a second, because nothing walks through them", async () => {
    const start = performance.now();
    const model = await loadKerasH5(inflated(hostile["5,000 nested groups"]), h5);
    expect([...(model.weights[0]?.read().dataSync() ?? [])]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    for (const weight of model.weights) weight.dispose();
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("refuses a file whose values would be read from a place that holds something else", async () => {
    const good = inflated(hostile.plain);
    // Addresses of the kernel and of the bias (h5py: `dataset.id.get_offset()` gives 6304 and 9152).
    const [kernel, bias] = [6154, 8986];
    const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset);
    expect([kernel, bias].map((at) => Number(view(good).getBigUint64(at, true)))).toEqual([6304, 9152]);
    // A global heap, a B-tree node, a symbol table node, the other values.
    for (const [at, address] of [
      [kernel, 2208],
      [kernel, 6560],
      [bias, 8640],
      [bias, 6304],
      [bias, 6340],
    ] as const) {
      const bytes = good.slice();
      view(bytes).setBigUint64(at, BigInt(address), true);
      await expect(loadKerasH5(bytes, h5), `${address}`).rejects.toThrow(/cut off or damaged/);
    }
  });

  it("refuses h5wasm/node, which works on the disk", async () => {
    const files = readdirSync(".");
    const load = loadKerasH5(inflated(hostile.plain), h5wasmNode as unknown as H5Wasm);
    await expect(load).rejects.toThrow(/`h5wasm\/node` reads and writes files on the disk[\s\S]*import\("h5wasm"\)/);
    expect(readdirSync(".")).toEqual(files);
  });

  it("leaves a file named graft-0.h5 as it is, in a read-only folder", { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "graft-"));
    writeFileSync(join(folder, "graft-0.h5"), "mine");
    chmodSync(folder, 0o555);
    const tsx = createRequire(import.meta.url).resolve("tsx/cli");
    const script = join(import.meta.dirname, "load-here.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [tsx, script], { cwd: folder });
    expect(stdout).toContain("15 values");
    expect(readdirSync(folder)).toEqual(["graft-0.h5"]);
    expect(readFileSync(join(folder, "graft-0.h5"), "utf8")).toBe("mine");
  });
});

describe("hostile .keras files", () => {
  const readers = { h5wasm: h5, fflate };
  const files = fflate.unzipSync(inflated(oracle.image.keras));

  it("refuses a wrong checksum, a wrong size and a file that occurs twice", async () => {
    const zip = fflate.zipSync(files, { level: 0 });
    const content = zip.length - 400 - Math.floor((files["model.weights.h5"] as Uint8Array).length / 2);
    const flipped = zip.slice();
    flipped[content] = (flipped[content] as number) ^ 1;
    await expect(loadKeras(flipped, readers)).rejects.toThrow(/is damaged: its checksum or its size is wrong/);
    const twice = fflate.zipSync({ ...files, "config.jsom": text("{}") }, { level: 0 });
    const renamed = Buffer.from(
      Buffer.from(twice).toString("latin1").replaceAll("config.jsom", "config.json"),
      "latin1",
    );
    await expect(loadKeras(new Uint8Array(renamed), readers)).rejects.toThrow(/has config.json twice/);
  });

  it("refuses a zip bomb before it is unpacked, by a limit that can be raised", async () => {
    const bomb = fflate.zipSync({ ...files, "model.weights.h5": new Uint8Array(2 ** 26) }, { level: 9 });
    expect(bomb.length).toBeLessThan(100_000);
    await expect(loadKeras(bomb, readers)).rejects.toThrow(/at most 67108864 are allowed[\s\S]*`maxUnpackedBytes`/);
    await expect(loadKeras(bomb, readers, { maxUnpackedBytes: 2 ** 27 })).rejects.toThrow(/not an HDF5 file/);
  });
});

describe("hostile model.json files", () => {
  const entry = { name: "head/kernel", shape: [2], dtype: "float32" };
  const load = async (group: object, more: readonly object[] = []): Promise<number> => {
    let reads = 0;
    const json = { modelTopology: {}, weightsManifest: [group, ...more] };
    const read = async (path: string): Promise<Uint8Array> => {
      if (path === "model.json") return text(JSON.stringify(json).replaceAll('"1e999"', "1e999"));
      reads++;
      return new Uint8Array(8);
    };
    const error: unknown = await readModelArtifacts(read).catch((cause: unknown) => cause);
    if (error instanceof LoadError) throw error;
    return reads;
  };

  it("refuses a weights file or a weight that is listed twice, also by another spelling", async () => {
    expect(await load({ paths: ["w.bin"], weights: [entry] })).toBe(1);
    const often = Array.from({ length: 10_000 }, () => "w.bin");
    const many = Array.from({ length: 10_000 }, (_, i) => ({ ...entry, name: `w${i}` }));
    await expect(load({ paths: often, weights: many })).rejects.toThrow(/lists the weights file "w.bin" twice/);
    const spelled = { paths: ["./w.bin", ".//./w.bin"], weights: many.slice(0, 2) };
    await expect(load(spelled)).rejects.toThrow(/lists the weights file "w.bin" twice/);
    const group = { paths: ["v.bin"], weights: [entry] };
    await expect(load({ paths: ["w.bin"], weights: [entry] }, [group])).rejects.toThrow(
      /the weight "head\/kernel" twice/,
    );
    const tooMany = { paths: often.map((_, i) => `${i}.bin`), weights: [entry] };
    await expect(load(tooMany)).rejects.toThrow(/too long: they have 16 bytes or more, but model.json lists 8/);
  });

  it("refuses a quantisation whose scale is not finite", async () => {
    for (const [scale, min] of [
      ["1e999", 0],
      [1, "1e999"],
      [1e300, 0],
      [null, 0],
    ]) {
      const quantization = { dtype: "uint8", original_dtype: "float32", scale, min };
      const weights = [{ ...entry, shape: [8], quantization }];
      await expect(load({ paths: ["w.bin"], weights })).rejects.toThrow(/a weight that cannot be read: .*head\/kernel/);
    }
  });
});

describe("damaged files", () => {
  it("loads the same weights or throws a typed error for 300 damaged .keras files", { timeout: 120_000 }, async () => {
    const { wrong, refused, same, valuesDamaged } = await fuzzKeras(300);
    expect(wrong).toEqual([]);
    expect(valuesDamaged).toBe(0);
    expect(refused).toBeGreaterThan(200);
    expect(same + refused).toBe(300);
  });

  it("ends with a typed error or a model for 300 damaged .h5 files", { timeout: 120_000 }, async () => {
    const { wrong, refused, valuesDamaged } = await fuzzH5(300);
    expect(wrong).toEqual([]);
    expect(refused).toBeGreaterThan(50);
    expect(valuesDamaged).toBeLessThan(6);
  });
});
