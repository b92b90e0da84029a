import { describe, expect, it } from "vitest";
import { cleanName, isHeldOut, LIMITS, type Picture } from "../src/project/project.ts";
import { readProjectFile, writeProjectFile } from "../src/project/project-file.ts";
import { de } from "../src/texts/de.ts";
import { en } from "../src/texts/en.ts";
import { classMeans, nearestMean } from "../src/worker/nearest-mean.ts";
import { zip } from "../src/worker/zip.ts";

describe("the nearest class mean", () => {
  const row = (...values: number[]): Float32Array => Float32Array.from(values);

  it("gives the shares of a softmax over cosines that was computed by hand", () => {
    // Means (2, 0) and (0, 2), centre (1, 1): the directions are (1, −1)/√2 and (−1, 1)/√2.
    const means = classMeans(
      new Map([
        ["a", [row(1, 0), row(3, 0)]],
        ["b", [row(0, 2)]],
      ]),
    );
    if (!means) throw new Error("no means");
    expect([...means.centre]).toEqual([1, 1]);
    // (3, 1) lies in the direction (1, 0), so its cosines are ±1/√2.
    const [a = 0, b = 0] = nearestMean(means, row(3, 1));
    expect(a / b).toBeCloseTo(Math.exp(8 * Math.SQRT2), -1);
    expect(a + b).toBeCloseTo(1, 12);
    expect(nearestMean(means, row(1, 1))).toEqual([0.5, 0.5]);
  });

  it("counts each class the same, and needs two classes with pictures", () => {
    const many = Array.from({ length: 9 }, () => row(2, 0));
    expect([
      ...(classMeans(
        new Map([
          ["a", many],
          ["b", [row(0, 2)]],
        ]),
      )?.centre ?? []),
    ]).toEqual([1, 1]);
    expect(
      classMeans(
        new Map([
          ["a", many],
          ["b", []],
        ]),
      ),
    ).toBeUndefined();
  });
});

describe("a project file", () => {
  const jpeg = (...rest: number[]): Blob =>
    new Blob([Uint8Array.of(0xff, 0xd8, 0xff, ...rest)], { type: "image/jpeg" });
  const classes = [
    { id: "x", name: "Ahorn" },
    { id: "y", name: "Eiche" },
  ];
  const pictures: readonly Picture[] = Array.from({ length: 12 }, (_, order) => ({
    id: `p${order}`,
    classId: order % 2 ? "y" : "x",
    jpeg: jpeg(order),
    order,
  }));
  const written = (): Promise<Uint8Array> => writeProjectFile({ project: { name: "Blätter", classes }, pictures });

  it("keeps names, classes, order and every byte of the pictures, with new ids", async () => {
    const read = readProjectFile(await written());
    expect(read.project.name).toBe("Blätter");
    expect(read.project.classes.map(({ name }) => name)).toEqual(["Ahorn", "Eiche"]);
    expect(read.pictures.map(({ classId }) => read.project.classes.findIndex(({ id }) => id === classId))).toEqual(
      pictures.map((_, i) => i % 2),
    );
    for (const [i, picture] of read.pictures.entries())
      expect([...new Uint8Array(await picture.jpeg.arrayBuffer())]).toEqual([0xff, 0xd8, 0xff, i]);
    expect(new Set([...read.pictures, ...read.project.classes].map(({ id }) => id)).size).toBe(14);
    expect(read.pictures.some(({ id }) => id.startsWith("p"))).toBe(false);
  });

  it("is refused at every other length, and with each byte of its header changed to a brace", async () => {
    const bytes = await written();
    for (let length = 0; length < bytes.length; length++)
      expect(() => readProjectFile(bytes.slice(0, length)), `${length} bytes`).toThrow();
    const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    let refused = 0;
    for (let at = 8; at < header; at++) {
      const changed = bytes.slice();
      if (changed[at] === 0x7b) continue;
      changed[at] = 0x7b;
      try {
        readProjectFile(changed);
      } catch {
        refused++;
      }
    }
    // A brace within a name makes another valid name.
    expect(refused).toBeGreaterThan(0.9 * (header - 8));
  });

  it("is refused if a picture is not a JPEG or its class does not exist", async () => {
    const svg = new Blob(["<svg onload=alert(1)>"]);
    const one = (change: Partial<Picture>): Promise<Uint8Array> =>
      writeProjectFile({ project: { name: "", classes }, pictures: [{ ...(pictures[0] as Picture), ...change }] });
    expect(() => readProjectFile(new Uint8Array(0))).toThrow();
    expect(readProjectFile(await one({})).pictures).toHaveLength(1);
    for (const change of [{ jpeg: svg }, { classId: "z" }]) {
      const bytes = await one(change);
      expect(() => readProjectFile(bytes)).toThrow(/cannot be read/);
    }
  });

  it("has names without control characters and of bounded length", () => {
    expect(cleanName(" a\u0000b\u202e\n ")).toBe("a b");
    expect(cleanName("x".repeat(1000))).toHaveLength(LIMITS.name);
  });
});

it("keeps every fifth picture of a class aside", () => {
  expect(Array.from({ length: 11 }, (_, place) => isHeldOut(place)).flatMap((is, i) => (is ? [i] : []))).toEqual([
    4, 9,
  ]);
});

it("packs a zip archive with the check value of CRC-32 and the places of its parts", async () => {
  const text = new TextEncoder().encode("123456789");
  const bytes = new Uint8Array(
    await zip(
      new Map([
        ["a.txt", text],
        ["b", text],
      ]),
    ).arrayBuffer(),
  );
  const view = new DataView(bytes.buffer);
  // The CRC catalogue gives 0xcbf43926 for these nine bytes. It is at offset 14 of a local header.
  expect(view.getUint32(14, true)).toBe(0xcbf43926);
  const end = bytes.length - 22;
  expect([view.getUint32(end, true), view.getUint16(end + 10, true)]).toEqual([0x06054b50, 2]);
  const directory = view.getUint32(end + 16, true);
  expect(view.getUint32(directory, true)).toBe(0x02014b50);
  const second = view.getUint32(directory + 46 + "a.txt".length + 42, true);
  expect(new TextDecoder().decode(bytes.slice(second + 30, second + 30 + 10))).toBe("b123456789");
});

it("has every text in English and in German", () => {
  const shapeOf = (texts: object): unknown =>
    Object.entries(texts).map(([key, value]) => [
      key,
      value && typeof value === "object" ? shapeOf(value) : typeof value,
    ]);
  expect(shapeOf(de)).toEqual(shapeOf(en));
  for (const texts of [en, de]) {
    expect(texts.pictures(1)).not.toBe(texts.pictures(2));
    expect([texts.about(1), texts.about(44), texts.about(300)].join()).toMatch(/1 [sS]e.*45 [sS]e.*5 [mM]i/);
    expect(Object.values(texts).filter((value) => value === "")).toEqual([]);
  }
});
