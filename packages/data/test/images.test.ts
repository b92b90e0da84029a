import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { DataContext, DataSource } from "@graftjs/tuner";
import sharp from "sharp";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import {
  imageReader,
  pictureBytes,
  pixelsOfPreprocessor,
  preprocessorOfPixels,
  plugins,
  readImages,
  stratifiedSplit,
} from "../src/index.ts";
import oracle from "./preprocessor-oracle.json" with { type: "json" };

type Picture = ReturnType<typeof sharp>;

const root = mkdtempSync(join(tmpdir(), "graft-data-"));
const folder = join(root, "pictures");
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true }));

const importPackage = <T>(name: string): Promise<T> => import(name);

/** A picture from rows of pixels, each red, green, blue. */
function raw(rows: readonly (readonly number[])[][]): Picture {
  const [first = []] = rows;
  const [channels, width, height] = [first[0]?.length ?? 3, first.length, rows.length];
  return sharp(Uint8Array.from(rows.flat(2)), { raw: { width, height, channels: channels as 1 | 3 | 4 } });
}
const [RED, GREEN, BLUE] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
];
const colour = (background: string, width = 8, height = 8): Picture =>
  sharp({ create: { width, height, channels: 3, background } });
const save = async (name: string, picture: Picture): Promise<string> => {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  await picture.toFile(join(folder, name));
  return join(folder, name);
};
const values = async (path: string, options: Parameters<typeof imageReader>[0]): Promise<number[]> =>
  Array.from(await imageReader(options).read(path, importPackage));

describe("pixels", () => {
  it("are scaled to 0…1 in the order red, green, blue", async () => {
    const path = await save("a.png", raw([[RED, [51, 102, 204]]]));
    expect(await values(path, { size: [1, 2] })).toEqual([1, 0, 0, 0.2, 0.4, 0.8].map(Math.fround));
  });

  it("take a range, a mean and a std by channel, in the model's order of channels", async () => {
    const path = await save("a.png", raw([[[0, 51, 255]]]));
    expect(await values(path, { size: [1, 1], range: [-1, 1] })).toEqual([-1, -0.6, 1].map(Math.fround));
    expect(await values(path, { size: [1, 1], range: [0, 255], order: "bgr", mean: [100, 50, 10] })).toEqual([
      155, 1, -10,
    ]);
    // (0.2 − 0.456) / 0.224 and the like, as torchvision's Normalize computes them.
    const normalized = await values(path, { size: [1, 1], mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] });
    [-2.117904, -1.142857, 2.64].forEach((value, i) => {
      expect(normalized[i]).toBeCloseTo(value, 5);
    });
  });

  it("become grey as in PIL: 0.299 R + 0.587 G + 0.114 B", async () => {
    const path = await save("a.png", raw([[RED, GREEN, BLUE]]));
    const grey = await values(path, { size: [1, 3], channels: 1, range: [0, 255] });
    [76.245, 149.685, 29.07].forEach((value, i) => {
      expect(grey[i]).toBeCloseTo(value, 4);
    });
  });

  it("of grey, 16-bit and transparent files become three channels of 8 bits", async () => {
    const options = { size: [1, 1], range: [0, 255] };
    expect(await values(await save("grey.png", raw([[[77]]]).toColourspace("b-w")), options)).toEqual([77, 77, 77]);
    const deep = sharp(Uint16Array.from([65535, 32768, 0]), { raw: { width: 1, height: 1, channels: 3 } });
    const [r, g, b] = await values(await save("deep.png", deep.toColourspace("rgb16").png()), options);
    expect([r, b]).toEqual([255, 0]);
    expect(Math.abs((g as number) - 128)).toBeLessThanOrEqual(1);
    expect(await values(await save("clear.png", raw([[[255, 0, 0, 0]]])), options)).toEqual([255, 255, 255]);
  });

  it("are turned as EXIF says", async () => {
    // Orientation 6: the camera was turned by 90° to the left, so the first stored row is the right column.
    const stored = raw([
      [RED, RED],
      [BLUE, BLUE],
    ]).resize(16, 16, { kernel: "nearest" });
    const path = await save("turned.png", stored.withMetadata({ orientation: 6 }).png());
    const turned = await values(path, { size: [16, 16] });
    expect(turned.slice(0, 3)).toEqual([0, 0, 1]);
    expect(turned.slice(15 * 3, 16 * 3)).toEqual([1, 0, 0]);
  });

  it("fill the input by cutting, with black borders, or stretched", async () => {
    // Red, green, green, red: only green is left if the middle is cut out.
    const wide = raw([[RED, GREEN, GREEN, RED]]).resize(32, 8, { kernel: "nearest" });
    const path = await save("wide.png", wide.png());
    const reds = async (fit: "cover" | "contain" | "stretch"): Promise<number[]> =>
      (await values(path, { size: [8, 8], fit })).filter((_, i) => i % 3 === 0);
    expect(Math.max(...(await reds("cover")).slice(1, 7))).toBeLessThan(0.2);
    expect((await reds("contain")).slice(0, 8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    const [first, , , middle] = await reds("stretch");
    expect(first).toBeGreaterThan(0.9);
    expect(middle).toBeLessThan(0.1);
  });
});

describe("pixelsOfPreprocessor", () => {
  it("makes the pixels of Hugging Face's processors", async () => {
    const [red = 0, green = 0, blue = 0] = oracle.color;
    const path = await save("a/1.png", colour(`rgb(${red}, ${green}, ${blue})`, 60, 40));
    for (const [name, { config, pixel, shape }] of Object.entries(oracle.cases)) {
      const { size = [], ...pixels } = pixelsOfPreprocessor(config) ?? {};
      expect({ name, size }).toEqual({ name, size: shape.slice(1) });
      const made = await values(path, { size, ...pixels });
      pixel.forEach((value, channel) => {
        expect({ name, value: made[channel] }).toEqual({ name, value: expect.closeTo(value, 4) });
      });
    }
    // Resized and then cropped, or stretched.
    expect([oracle.cases.clip, oracle.cases.vit].map(({ config }) => pixelsOfPreprocessor(config)?.fit)).toEqual([
      ...["cover", "stretch"],
    ]);
  });

  it("are written so that the same pixels are read back", () => {
    const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    const stretched = preprocessorOfPixels({ size: [224, 192], fit: "stretch", ...imagenet });
    expect(stretched).toMatchObject({
      size: { height: 224, width: 192 },
      do_center_crop: false,
      rescale_factor: 1 / 255,
    });
    const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 7));
    expect(stretched).toMatchObject({ image_mean: close(imagenet.mean), image_std: close(imagenet.std) });
    // (p / 127.5 − 1) = (p / 255 − 0.5) / 0.5
    const centred = preprocessorOfPixels({ size: [96, 96], range: [-1, 1], order: "bgr" });
    expect(centred).toMatchObject({ image_mean: close([0.5, 0.5, 0.5]), image_std: close([0.5, 0.5, 0.5]) });
    expect(pixelsOfPreprocessor(centred)).toMatchObject({ size: [96, 96], fit: "cover", order: "bgr", range: [0, 1] });
    expect(preprocessorOfPixels({ size: [96, 96], fit: "contain" })).toBeUndefined();
  });

  it("are turned back into the bytes of the picture", async () => {
    const path = await save("a/1.png", colour("rgb(250, 120, 10)", 4, 4));
    for (const more of [
      { range: [-1, 1] },
      { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] },
      { order: "bgr" },
    ] as const) {
      const options = { size: [2, 2], ...more };
      expect([...pictureBytes(await values(path, options), options)].slice(0, 3)).toEqual([250, 120, 10]);
    }
  });

  it("leaves out files about other things, and names wrong values", () => {
    for (const other of [null, [], "x", { feature_size: 80, sampling_rate: 16_000 }])
      expect(pixelsOfPreprocessor(other)).toBeUndefined();
    for (const config of [{ image_mean: ["a"], do_normalize: true }, { image_mean: 1 }, { rescale_factor: "1/255" }])
      expect(() => pixelsOfPreprocessor(config)).toThrow(/of preprocessor_config.json is not a/);
  });
});

describe("files", () => {
  it("that are broken are refused all at once, or skipped and listed", async () => {
    await save("cat/1.png", colour("red"));
    const jpeg = await colour("blue", 64, 64).jpeg().toBuffer();
    writeFileSync(join(folder, "cat/2.jpg"), jpeg.subarray(0, jpeg.length / 2));
    writeFileSync(join(folder, "cat/3.webp"), "no picture");
    await save("dog/1.png", colour("green"));
    writeFileSync(join(folder, "dog/2.png"), await colour("green").gif().toBuffer());
    writeFileSync(join(folder, "dog/3.png"), "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>");
    writeFileSync(join(folder, "dog/notes.txt"), "left out");
    const error = await readImages(folder, { size: [8, 8] }).catch(({ message }) => message);
    expect(error).toMatch(/4 of 6 pictures/);
    for (const line of [
      /"cat\/2.jpg": it cannot be decoded/,
      /"cat\/3.webp"/,
      /"dog\/2.png": its content is gif/,
      /"dog\/3.png"/,
    ])
      expect(error).toMatch(line);
    const { data, skipped, counts } = await readImages(folder, { size: [8, 8], corrupt: "skip" });
    expect(data.xs.shape).toEqual([2, 8, 8, 3]);
    expect(skipped.map(({ file }) => file)).toEqual(["cat/2.jpg", "cat/3.webp", "dog/2.png", "dog/3.png"]);
    expect(counts).toEqual([1, 1]);
  });

  it("with too many pixels are refused before they are decoded", async () => {
    const png = await colour("red").png().toBuffer();
    png.writeUInt32BE(40_000, 16);
    png.writeUInt32BE(40_000, 20);
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    writeFileSync(join(folder, "huge.png"), png);
    await expect(values(join(folder, "huge.png"), { size: [8, 8] })).rejects.toThrow(/exceeds pixel limit/);
  });

  it("of a class without pictures, links that leave the folder and missing folders are named", async () => {
    await save("cat/1.png", colour("red"));
    mkdirSync(join(folder, "dog"));
    const outside = join(root, "outside.png");
    await colour("red").toFile(outside);
    symlinkSync(outside, join(folder, "cat/link.png"));
    const read = (): Promise<string> => readImages(folder, { size: [8, 8] }).catch(({ message }) => message);
    expect(await read()).toMatch(/link.png" is a link[\s\S]*The class "dog" has no .png/);
    rmSync(join(folder, "cat/link.png"));
    symlinkSync("1.png", join(folder, "cat/inner.png"));
    await save("dog/1.png", colour("green"));
    expect((await readImages(folder, { size: [8, 8] })).counts).toEqual([2, 1]);
    symlinkSync(root, join(folder, "mouse"));
    expect(await read()).toMatch(/links to folders: "mouse"/);
    await expect(readImages(join(root, "none"), { size: [8, 8] })).rejects.toThrow(/does not exist/);
    await expect(readImages(join(folder, "cat"), { size: [8, 8] })).rejects.toThrow(/one subfolder for each class/);
  });

  it("are read from folders below a class; hidden ones are left out", async () => {
    await save("b/deep/er/1.JPEG", colour("red").jpeg());
    await save("a/1.png", colour("red"));
    await save("a/.thumbnail.png", colour("red"));
    await save(".cache/1.png", colour("red"));
    const { classes, files, data } = await readImages(folder, { size: [2, 2], labels: "index" });
    expect(classes).toEqual(["a", "b"]);
    expect(files.train).toEqual(["a/1.png", "b/deep/er/1.JPEG"]);
    expect(data.ys).toEqual({ values: Int32Array.of(0, 1), shape: [2] });
  });
});

it("splits each class by itself, the same way for the same seed", () => {
  const labels = [...Array(50).fill(0), ...Array(10).fill(1), ...Array(2).fill(2), 3];
  const names = ["a", "b", "c", "d"];
  const { train, validation } = stratifiedSplit(labels, names, 0.2, 7);
  const count = (label: number): number => validation.filter((i) => labels[i] === label).length;
  expect([0, 1, 2, 3].map(count)).toEqual([10, 2, 1, 0]);
  expect([...train, ...validation].sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
  expect(stratifiedSplit(labels, names, 0.2, 7).validation).toEqual(validation);
  expect(stratifiedSplit(labels, names, 0.2, 8).validation).not.toEqual(validation);
  // Another class does not change the choice in the others.
  expect(stratifiedSplit(labels.slice(0, 50), ["a"], 0.2, 7).validation).toEqual(validation.slice(0, 10));
});

describe("the data source `images`", () => {
  const context = (input: (number | null)[], output: number, sparse = false): DataContext => ({
    inputs: [{ name: "in", shape: [null, ...input] }],
    outputs: [{ name: "out", shape: [null, output], sparse }],
    importPackage,
  });
  const source = (options: object = {}): DataSource => {
    const plugin = plugins.find(({ name }) => name === "images");
    return plugin?.create({ path: "pictures", ...options }) as DataSource;
  };

  it("takes size and channels from the model, and labels as the loss takes them", async () => {
    for (const name of ["cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"]) await save(name, colour("white", 12, 5));
    expect(await source().classes?.(root)).toEqual(["cat", "dog"]);
    const grey = await source({ validation: 0.5 }).read(root, context([4, 6, 1], 2));
    expect(grey).toMatchObject({
      data: { xs: { shape: [2, 4, 6, 1] }, ys: { shape: [2, 2], values: Float32Array.of(1, 0, 0, 1) } },
      validation: { xs: { shape: [2, 4, 6, 1] } },
      classes: ["cat", "dog"],
      reader: { use: "image", with: { size: [4, 6], channels: 1 } },
      notes: ["4 pictures in 2 classes, 2 of them for validation: cat 2, dog 2"],
    });
    const one = await source({ size: [3, 3] }).read(root, context([null, null, 3], 1));
    expect(one).toMatchObject({ data: { ys: { shape: [4, 1], values: Float32Array.of(0, 0, 1, 1) } } });
    expect(await source().read(root, context([4, 4, 3], 2, true))).toMatchObject({ data: { ys: { shape: [4] } } });
  });

  it("makes pixels as the base model stores it, unless the recipe says otherwise", async () => {
    for (const name of ["cat/1.png", "dog/1.png"]) await save(name, colour("white"));
    const stored = { size: [9, 9], channels: 3, fit: "stretch", range: [-1, 3], mean: [1, 1, 1], order: "bgr" };
    const base = { ...context([4, 4, 3], 2), reader: { use: "image", with: stored } };
    const reader = { use: "image", with: { ...stored, size: [4, 4] } };
    const read = await source().read(root, base);
    expect(read).toMatchObject({ reader, data: { xs: { values: new Float32Array(96).fill(2) } } });
    const given = await source({ range: [0, 1], mean: [0, 0, 0] }).read(root, base);
    expect(given).toMatchObject({
      reader: { with: { fit: "stretch", order: "bgr", range: [0, 1], mean: [0, 0, 0] } },
      data: { xs: { values: new Float32Array(96).fill(1) } },
    });
  });

  it("says which models it does not fit", async () => {
    const read = (options: object, input: (number | null)[]): Promise<string> =>
      Promise.resolve(source(options).read(root, context(input, 2))).then(
        () => "",
        ({ message }) => message,
      );
    expect(await read({}, [null, null, 3])).toMatch(/accepts any size[\s\S]*"size": \[224, 224\]/);
    expect(await read({ size: [5, 5] }, [4, 4, 3])).toMatch(/is \[any, 4, 4, 3\], but `size` is \[5, 5\]/);
    expect(await read({}, [10])).toMatch(/not a picture/);
    await save("cat/1.png", colour("red"));
    await save("dog/1.png", colour("red"));
    expect(await read({ mean: [1] }, [4, 4, 3])).toMatch(/`mean` has 1 numbers, but needs 3/);
    expect(await read({ std: [1, 0, 1] }, [4, 4, 3])).toMatch(/`std` has a 0/);
  });
});
