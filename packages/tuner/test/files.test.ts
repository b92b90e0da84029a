import "@tensorflow/tfjs-backend-cpu";
import { chmodSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { namedWeights, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { beforeEach, describe, expect, it } from "vitest";
import { keeper } from "../src/checkpoint/keeper.ts";
import { opfsStore } from "../src/files/stores/opfs-store.ts";
import { folderStore } from "../src/files/stores/store.ts";
import {
  applyDelta,
  DeltaError,
  diffDeltas,
  FileError,
  fineTune,
  fingerprint,
  loadSafetensors,
  saveDelta,
  saveWhole,
  stackDeltas,
  writeFileAtomic,
} from "../src/index.ts";
import { crashingDisk } from "./crashing-io.ts";
import { mlp } from "./nets.ts";
import { examples, mapStore, weightsOf } from "./support.ts";

beforeEach(() => tf.setBackend("cpu"));

describe("writing files", () => {
  it("leaves the old file or the new one after a crash at any call, also with half-done calls and pending renames", async () => {
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

  it("names the reason and leaves the old file if it cannot write", async () => {
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
  it("removes leftovers of a killed write on resume, but no newer checkpoints and none that `keep` covers", async () => {
    const files = new Map<string, Uint8Array>();
    const content = (n: number) => ({ json: n, arrays: new Map([["a", Float32Array.of(n)]]) });
    for (const n of [1, 2, 3, 4]) await keeper({ to: mapStore(files), keep: 4 }, () => {}).write(n, content(n));
    const names = [...files.keys()].sort();
    files.set(names[3] as string, Uint8Array.of(0));
    files.set(names[2] as string, Uint8Array.of(0));
    // The two newest are damaged, so the third newest is kept although `keep` is 2.
    expect((await keeper({ to: mapStore(files), keep: 2 }, () => {}).newest())?.json).toBe(2);
    expect([...files.keys()].sort()).toEqual(names.slice(1));
    const locked = { ...mapStore(files), remove: () => Promise.reject(new Error("EROFS")) };
    expect((await keeper({ to: locked, keep: 1 }, () => {}).newest())?.json).toBe(2);
  });
});

describe("a cache on disk", () => {
  it("is read by the next run, but not with other data or weights, and not if it is damaged", async () => {
    const files = new Map<string, Uint8Array>();
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
