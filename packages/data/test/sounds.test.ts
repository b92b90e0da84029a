import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { DataContext, DataSource } from "@graftjs/tuner";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { plugins, readSounds, soundReader } from "../src/index.ts";

const root = mkdtempSync(join(tmpdir(), "graft-sounds-"));
const folder = join(root, "sounds");
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true }));

interface WavParts {
  readonly code?: number;
  readonly bits?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly data?: Uint8Array;
}

/** Writes the bytes of a WAV file with one more part between the format and the samples, as many programs do. */
function wav({ code = 1, bits = 16, channels = 1, rate = 16_000, data = new Uint8Array(2) }: WavParts): Buffer {
  const bytes = Buffer.alloc(56 + data.length);
  bytes.write("RIFF\0\0\0\0WAVEfmt ", "latin1");
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(code, 20);
  bytes.writeUInt16LE(channels, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE((rate * channels * bits) / 8, 28);
  bytes.writeUInt16LE((channels * bits) / 8, 32);
  bytes.writeUInt16LE(bits, 34);
  // A part of one byte, and the byte that makes its size even.
  bytes.write("LIST", 36);
  bytes.writeUInt32LE(1, 40);
  bytes.write("data", 46);
  bytes.writeUInt32LE(data.length, 50);
  bytes.set(data, 54);
  return bytes.subarray(0, 54 + data.length);
}
const pcm16 = (samples: readonly number[]): Uint8Array => new Uint8Array(Int16Array.from(samples).buffer);
const save = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return path;
};
const importPackage = <T>(name: string): Promise<T> => import(name);
const read = async (path: string, options: Parameters<typeof soundReader>[0]): Promise<number[]> =>
  Array.from(await soundReader(options).read(path, importPackage));
/** Reads the samples of a file as they are, padded with silence or cut to `count`. */
const samples = (bytes: Uint8Array, count: number): Promise<number[]> =>
  read(save("a.wav", bytes), { features: "wave", seconds: count / 16_000 });

describe("samples", () => {
  it("of 8, 16, 24 and 32 bits and of floats become numbers from −1 to 1", async () => {
    expect(await samples(wav({ bits: 8, data: Uint8Array.of(0, 128, 192) }), 3)).toEqual([-1, 0, 0.5]);
    expect(await samples(wav({ data: pcm16([-32768, 1, 16384]) }), 3)).toEqual([-1, 2 ** -15, 0.5]);
    const bytes24 = Uint8Array.of(0, 0, 0x80, 1, 0, 0, 0, 0, 0x40, 0xff, 0xff, 0xff);
    expect(await samples(wav({ bits: 24, data: bytes24 }), 4)).toEqual([-1, 2 ** -23, 0.5, -(2 ** -23)]);
    const data32 = new Uint8Array(Int32Array.of(-(2 ** 31), 1, 2 ** 30).buffer);
    expect(await samples(wav({ bits: 32, data: data32 }), 3)).toEqual([-1, 2 ** -31, 0.5]);
    const floats = new Uint8Array(Float32Array.of(-1, 0.1, 1.5).buffer);
    expect(await samples(wav({ code: 3, bits: 32, data: floats }), 3)).toEqual([-1, Math.fround(0.1), 1.5]);
  });

  it("of two channels are averaged; sounds are cut, or padded with silence", async () => {
    const stereo = wav({ channels: 2, data: pcm16([16384, 0, -16384, -16384]) });
    expect(await samples(stereo, 3)).toEqual([0.25, -0.5, 0]);
    expect(await samples(stereo, 1)).toEqual([0.25]);
  });

  it("of the extensible format, and of data whose size was not known when they were written, are read", async () => {
    const plain = wav({ data: pcm16([16384, -16384]) });
    const extra = Buffer.alloc(24);
    extra.writeUInt16LE(22, 0);
    extra.writeUInt16LE(1, 8);
    const extensible = Buffer.concat([plain.subarray(0, 36), extra, plain.subarray(36)]);
    extensible.writeUInt32LE(40, 16);
    extensible.writeUInt16LE(0xfffe, 20);
    expect(await samples(extensible, 2)).toEqual([0.5, -0.5]);
    plain.writeUInt32LE(0xffff_ffff, 50);
    expect(await samples(plain, 2)).toEqual([0.5, -0.5]);
  });
});

describe("hostile files", () => {
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = wav({ data: pcm16([1, 2, 3, 4]) });
    change(bytes);
    return bytes;
  };
  it.each<[string, Uint8Array, RegExp]>([
    ["no bytes", new Uint8Array(0), /not a WAV/],
    ["another format", Buffer.from("ID3 and the frames of an MP3"), /not a WAV/],
    ["big-endian RIFF", changed((bytes) => bytes.write("RIFX")), /not a WAV/],
    ["a header only", wav({}).subarray(0, 12), /no samples/],
    ["a file that was cut off", wav({ data: pcm16([1, 2, 3, 4]) }).subarray(0, 58), /has 8 bytes, but the file ends/],
    ["a huge part", changed((bytes) => bytes.writeUInt32LE(0xffff_fff0, 40)), /"LIST" has 4294967280 bytes/],
    ["a short format", changed((bytes) => bytes.writeUInt32LE(8, 16)), /format is cut off/],
    ["a format at the end", wav({}).subarray(0, 20), /"fmt " has 16 bytes, but the file ends/],
    ["a short extensible format", changed((bytes) => bytes.writeUInt16LE(0xfffe, 20)), /format is cut off/],
    ["samples before the format", changed((bytes) => bytes.write("junk", 12)), /samples come before/],
    ["no samples", wav({ data: new Uint8Array(0) }), /no samples/],
    ["no channels", wav({ channels: 0 }), /has 0 channels/],
    ["65535 channels", changed((bytes) => bytes.writeUInt16LE(65535, 22)), /has 65535 channels/],
    ["frames of 0 bytes", changed((bytes) => bytes.writeUInt16LE(0, 32)), /format says 0 bytes/],
    ["a rate of 0", wav({ rate: 0 }), /has 0 samples per second/],
    ["a rate of 4 GHz", changed((bytes) => bytes.writeUInt32LE(4e9, 24)), /has 4000000000 samples/],
    ["compressed samples", wav({ code: 2, bits: 4 }), /the format 2 with 4 bits/],
    [
      "infinite samples",
      wav({ code: 3, bits: 32, data: new Uint8Array(Float32Array.of(0, 1 / 0).buffer) }),
      /sample 1/,
    ],
  ])("are refused: %s", async (_, bytes, message) => {
    await expect(samples(bytes, 4)).rejects.toThrow(message);
  });
});

interface Oracle {
  readonly resample: readonly { from: number; to: number; length: number; values: readonly number[] }[];
  readonly logMel: readonly (Record<"sampleRate" | "fftSize" | "hop" | "mels" | "length", number> & {
    readonly shape: readonly number[];
    readonly values: readonly number[];
  })[];
}

describe("the numbers of torchaudio", () => {
  const oracle = JSON.parse(readFileSync(join(import.meta.dirname, "sounds-oracle.json"), "utf8")) as Oracle;
  const chirp = (length: number, rate: number): Uint8Array =>
    wav({ rate, data: pcm16(Array.from({ length }, (_, i) => ((i * i * 7 + 13 * i) % 32768) - 16384)) });
  const farthest = (found: readonly number[], wanted: readonly number[]): number =>
    Math.max(...wanted.map((value, i) => Math.abs((found[i] as number) - value) / Math.max(1, Math.abs(value))));

  it.each(oracle.resample)("are those of resample from $from to $to Hz", async ({ from, to, length, values }) => {
    const path = save("a.wav", chirp(length, from));
    const found = await read(path, { features: "wave", sampleRate: to, seconds: values.length / to });
    expect(found).toHaveLength(values.length);
    expect(farthest(found, values)).toBeLessThan(1e-6);
  });

  it.each(oracle.logMel)("are those of MelSpectrogram with $mels bands of $fftSize samples", async (wanted) => {
    const { length, shape, values, sampleRate, ...options } = wanted;
    const path = save("a.wav", chirp(length, sampleRate));
    const sound = { ...options, sampleRate, seconds: length / sampleRate };
    expect(soundReader(sound).shape).toEqual([...shape, 1]);
    const found = await read(path, sound);
    expect(found).toHaveLength(values.length);
    expect(farthest(found, values)).toBeLessThan(1e-5);
  });
});

it("reads a folder by class, splits it, and refuses or skips broken files", async () => {
  for (const name of ["high/1", "high/2", "high/3", "low/1", "low/2"]) save(`${name}.wav`, wav({}));
  save("low/3.WAV", "no sound");
  save("low/notes.txt", "left out");
  const options = { seconds: 0.1, mels: 8, validation: 0.4, seed: 3 };
  await expect(readSounds(folder, options)).rejects.toThrow(
    /1 of 6 sounds [\s\S]*"low\/3.WAV": its content is not a WAV file/,
  );
  const { data, validation, classes, counts, skipped, files, reader } = await readSounds(folder, {
    ...options,
    corrupt: "skip",
  });
  expect({ classes, counts }).toEqual({ classes: ["high", "low"], counts: [3, 2] });
  // 1,600 samples make 7 frames with a hop of 256.
  expect([data.xs.shape, validation?.xs.shape, data.ys.shape]).toEqual([
    [3, 7, 8, 1],
    [2, 7, 8, 1],
    [3, 2],
  ]);
  expect(data.xs.values[0]).toBeCloseTo(Math.log(1e-6), 5);
  expect(skipped.map(({ file }) => file)).toEqual(["low/3.WAV"]);
  expect((await readSounds(folder, { ...options, corrupt: "skip" })).files).toEqual(files);
  expect(reader).toEqual({
    use: "sound",
    with: {
      ...{ seconds: 0.1, sampleRate: 16000, features: "log-mel", mels: 8, fftSize: 1024, hop: 256, channelAxis: true },
    },
  });
});

it("refuses options that do not fit together", () => {
  expect(() => soundReader({ seconds: 1, fftSize: 1022 })).toThrow(/other prime factors[\s\S]*power of two is 1024/);
  expect(() => soundReader({ seconds: 0.02 })).toThrow(/has 320 samples, but `fftSize` 1024 needs more than 512/);
  expect(() => soundReader({ seconds: 1e9 })).toThrow(/Choose `seconds`/);
  expect(() => soundReader({ seconds: 1000, hop: 1 })).toThrow(/Choose `seconds`/);
  expect(() => soundReader({ seconds: 1e-6, features: "wave" })).toThrow(/0 samples/);
});

describe("the data source `sounds`", () => {
  const context = (input: readonly (number | null)[], stored?: object): DataContext => ({
    inputs: [{ name: "in", shape: [null, ...input] }],
    outputs: [{ name: "out", shape: [null, 2], sparse: false }],
    ...(stored ? { reader: { use: "sound", with: stored } } : {}),
    importPackage,
  });
  const readFor = async (
    input: readonly (number | null)[],
    options: object = {},
    stored?: object,
  ): Promise<unknown> => {
    const source = plugins.find(({ name }) => name === "sounds")?.create({ path: "sounds", ...options }) as DataSource;
    return source.read(root, context(input, stored));
  };
  beforeEach(() => {
    save("high/1.wav", wav({}));
    save("low/1.wav", wav({}));
  });

  it("takes bands, length and form from the model's input", async () => {
    expect(await readFor([63, 40, 1])).toMatchObject({
      data: { xs: { shape: [2, 63, 40, 1] }, ys: { values: Float32Array.of(1, 0, 0, 1) } },
      classes: ["high", "low"],
      reader: { use: "sound", with: { seconds: (62 * 256) / 16_000, mels: 40, channelAxis: true } },
      notes: ["2 sounds in 2 classes: high 1, low 1"],
    });
    const cases: [(number | null)[], object, number[]][] = [
      [[63, 40], {}, [63, 40]],
      [[null, 40], { seconds: 1 }, [63, 40]],
      [[null, null, 1], { seconds: 1, mels: 5 }, [63, 5, 1]],
      [[800], {}, [800]],
      [[800, 1], {}, [800, 1]],
      [[null, 1], { seconds: 0.5, sampleRate: 8000 }, [4000, 1]],
      [[63, 1], { features: "log-mel" }, [63, 1]],
      [[63, 40], { seconds: 1 }, [63, 40]],
    ];
    for (const [input, options, shape] of cases)
      expect(await readFor(input, options)).toMatchObject({ data: { xs: { shape: [2, ...shape] } } });
  });

  it("makes sounds as the base model stores it, unless the recipe says otherwise", async () => {
    const stored = { seconds: 1, sampleRate: 8000, features: "log-mel", mels: 20, fftSize: 256, hop: 100 };
    const { mels: _, ...others } = stored;
    // One second has 81 frames. So has a little more: the stored length is kept.
    expect(await readFor([81, 7], {}, { ...stored, seconds: 1.01, channelAxis: true })).toMatchObject({
      reader: { with: { ...others, seconds: 1.01, mels: 7, channelAxis: false } },
    });
    expect(await readFor([null, null, 1], { hop: 50, seconds: 2 }, stored)).toMatchObject({
      reader: { with: { ...stored, hop: 50, seconds: 2 } },
      data: { xs: { shape: [2, 321, 20, 1] } },
    });
  });

  it("says which models it does not fit", async () => {
    await expect(readFor([4, 4, 3])).rejects.toThrow(/\[any, 4, 4, 3\], which does not take sounds[\s\S]*mels, 1\]/);
    await expect(readFor([4, 4], { features: "wave" })).rejects.toThrow(/`features` "wave"/);
    await expect(readFor([null, 40])).rejects.toThrow(/accepts any length[\s\S]*"seconds": 1/);
    await expect(readFor([63, 40], { seconds: 2 })).rejects.toThrow(/`seconds` 2 makes another length[\s\S]*0.992/);
    await expect(readFor([63, 40], { mels: 64 })).rejects.toThrow(/but `mels` is 64/);
  });
});
