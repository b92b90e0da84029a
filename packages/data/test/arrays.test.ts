import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GraftError, seeded } from "@graftjs/core";
import type { DataContext, DataSource } from "@graftjs/tuner";
import { afterAll, describe, expect, it } from "vitest";
import { openArrays, plugins } from "../src/index.ts";
import oracle from "./arrays-oracle.json" with { type: "json" };

const root = mkdtempSync(join(tmpdir(), "graft-arrays-"));
afterAll(() => rmSync(root, { recursive: true }));

const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(root, name), typeof content === "string" ? Buffer.from(content, "base64") : content);
  return join(root, name);
};
const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "",
    ({ message }) => message,
  );
const source = (options: object): DataSource =>
  plugins.find(({ kind, name }) => kind === "data-source" && name === "arrays")?.create(options as never) as DataSource;
const context = (input: (number | null)[], output: (number | null)[], more: object = {}): DataContext => ({
  inputs: [{ name: "pixels", shape: input }],
  outputs: [{ name: "out", shape: output, sparse: false }],
  importPackage: (name) => import(name),
  ...more,
});

describe("openArrays", () => {
  it("reads every type, byte order and order of axes as NumPy", async () => {
    for (const [type, { file: bytes, shape, values }] of Object.entries(oracle.cases)) {
      const array = await (await openArrays(file("a.npy", bytes))).read("a");
      expect({ type, shape: array.shape, values: [...array.values] }).toEqual({ type, shape, values });
      expect(array.isInteger).toBe(/^.[iub]\d$/.test(type));
    }
  });

  it("reads npz, stored and packed, and safetensors", async () => {
    for (const name of ["npz", "packed", "safetensors"] as const) {
      const arrays = await openArrays(file(`a.${name === "safetensors" ? name : "npz"}`, oracle[name]));
      expect([...arrays.names].sort()).toEqual(["xs", "ys"]);
      expect(await arrays.read("xs")).toMatchObject({ shape: [10, 2, 2] });
      expect([...(await arrays.read("xs")).values]).toEqual(oracle.xs);
      expect([...(await arrays.read("ys")).values]).toEqual(oracle.ys);
      expect(await messageOf(arrays.read("zs"))).toMatch(/has no array "zs"/);
    }
  });

  it("refuses pickles, fields and texts by name, with the fix", async () => {
    for (const [bytes, message] of [
      [oracle.objects, /Python objects. These are pickles, which run code[\s\S]*astype\("float32"\)/],
      [oracle.fields, /items have several fields/],
      [oracle.texts, /numbers have the type "<U1"/],
    ] as const)
      expect(await messageOf((await openArrays(file("b.npy", bytes))).read("b"))).toMatch(message);
    expect(await messageOf(openArrays(file("a.txt", "")))).toMatch(/holds no arrays/);
    expect(await messageOf(openArrays(join(root, "none.npz")))).toMatch(/does not exist/);
  });

  it("does not believe sizes in a file", async () => {
    const npy = Buffer.from(oracle.cases["<f4"].file, "base64");
    const huge = Buffer.from(npy.toString("latin1").replace("(3, 4), }      ", "(3, 400000000)"), "latin1");
    expect(await messageOf((await openArrays(file("c.npy", npy.subarray(0, -1)))).read("c"))).toMatch(
      /needs 48 bytes, but it has 47/,
    );
    expect(await messageOf((await openArrays(file("c.npy", huge))).read("c"))).not.toBe("");
    const bomb = Buffer.from(oracle.packed, "base64");
    const list = bomb.indexOf("PK\x01\x02", 0, "latin1");
    bomb.writeUInt32LE(0xfffffff0, list + 24);
    const arrays = await openArrays(file("c.npz", bomb));
    expect(await messageOf(arrays.read("xs"))).toMatch(/cannot have 4294967280 bytes/);
  });

  it("answers damaged files with an error of its own", async () => {
    const random = seeded(1, "fuzz");
    const between = (most: number): number => Math.floor(random() * most);
    let refused = 0;
    for (const [
      ending,
      bytes,
    ] of [["npz", oracle.npz], ["npz", oracle.packed], ["safetensors", oracle.safetensors], ["npy", oracle.cases["<f8"].file]] as const) // biome-ignore format: pairs
      for (let i = 0; i < 150; i++) {
        const damaged = Buffer.from(bytes, "base64");
        for (let j = 0; j <= between(4); j++) damaged[between(damaged.length)] = between(256);
        const cut = i % 3 === 0 ? damaged.subarray(0, between(damaged.length)) : damaged;
        try {
          const arrays = await openArrays(file(`d.${ending}`, cut));
          for (const name of arrays.names) await arrays.read(name);
        } catch (error) {
          refused++;
          if (!(error instanceof GraftError)) throw error;
        }
      }
    expect(refused).toBeGreaterThan(200);
  });
});

describe("the data source arrays", () => {
  it("makes class numbers one-hot, divides bytes and adds the axis of grey pictures", async () => {
    const from = source({ path: "a.npz", validation: 0.3, divideBy: 255 });
    file("a.npz", oracle.npz);
    expect(await from.classes?.(root)).toEqual(["0", "1", "2"]);
    const read = await from.read(root, context([null, 2, 2, 1], [null, 3]));
    expect(read).toMatchObject({
      classes: ["0", "1", "2"],
      reader: { use: "array-rows", with: { shape: [2, 2, 1], name: "xs", divideBy: 255 } },
      notes: ["10 examples in 3 classes, 3 of them for validation for the input pixels"],
      data: { xs: { shape: [7, 2, 2, 1] }, ys: { shape: [7, 3] } },
      validation: { xs: { shape: [3, 2, 2, 1] } },
    });
    const all = await source({ path: "a.npz" }).read(
      root,
      context([null, 2, 2], [null, 3], { classes: ["2", "0", "1"] }),
    );
    const { xs, ys } = all.data as unknown as Record<"xs" | "ys", { values: Float32Array }>;
    expect([...xs.values]).toEqual(oracle.xs);
    // A further run keeps the order of the model's classes.
    expect(all.classes).toEqual(["2", "0", "1"]);
    expect([...ys.values.slice(0, 9)]).toEqual([0, 1, 0, 0, 0, 1, 1, 0, 0]);
  });

  it("predicts floats as numbers, from a folder of files", async () => {
    mkdirSync(join(root, "folder"));
    file("folder/xs.npy", oracle.cases["<i4"].file);
    file("folder/ys.npy", oracle.cases["<f4"].file);
    const read = await source({ path: "folder" }).read(root, context([null, 4], [null, 4]));
    expect(read.classes).toBeUndefined();
    expect(read.data).toMatchObject({
      xs: { shape: [3, 4] },
      ys: { shape: [3, 4], values: Float32Array.from(oracle.cases["<f4"].values) },
    });
    const reader = plugins.find(({ name }) => name === "array-rows")?.create(read.reader?.with as never) as {
      read(path: string): Promise<Float32Array>;
    };
    expect([...(await reader.read(join(root, "folder/xs.npy")))]).toEqual(oracle.cases["<i4"].values);
  });

  it("names shapes that do not fit", async () => {
    file("a.npz", oracle.npz);
    expect(
      await messageOf(Promise.resolve(source({ path: "a.npz" }).read(root, context([null, 5], [null, 3])))),
    ).toMatch(/inputs have the shape \[10, 2, 2\], but the model takes \[batch, 5\]/);
    expect(
      await messageOf(Promise.resolve(source({ path: "a.npz", ys: "y" }).read(root, context([null, 2, 2], [null, 3])))),
    ).toMatch(/has no array "y"/);
  });
});
