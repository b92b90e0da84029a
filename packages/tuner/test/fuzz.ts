import { GraftError } from "@graftjs/core";
import { readArtifacts } from "../src/load/load-folder.ts";
import { seeded } from "../src/random/random.ts";
import { readSafetensors } from "../src/safetensors/read.ts";
import { writeSafetensors } from "../src/safetensors/write.ts";
import { mutated } from "./mutate.ts";

/** What came of so many damaged files. */
export interface FuzzResult {
  readonly files: number;
  readonly refused: number;
  /** Read all the same: the damage was in the data, or made another valid file. */
  readonly read: number;
  /** Errors of another type, reads outside the folder, tensors larger than their file. Must be empty. */
  readonly wrong: readonly string[];
}

export function fuzzSafetensors(files: number): FuzzResult {
  const tensor = (shape: number[]) => ({
    dtype: "F32" as const,
    shape,
    data: new Uint8Array(4 * shape.reduce((a, b) => a * b, 1)),
  });
  const good = writeSafetensors(
    new Map([
      ["head/kernel", tensor([3, 2])],
      ["head/bias", tensor([2])],
      ["empty", tensor([0, 5])],
    ]),
    new Map([["base", "x"]]),
  );
  const random = seeded("fuzz", "safetensors");
  const count = { refused: 0, read: 0, wrong: [] as string[] };
  for (let i = 0; i < files; i++) {
    const bytes = mutated(good, random);
    try {
      const { tensors } = readSafetensors(bytes);
      const size = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
      if (size > bytes.byteLength) count.wrong.push(`file ${i}: ${size} bytes from ${bytes.byteLength}`);
      count.read++;
    } catch (error) {
      if (error instanceof GraftError) count.refused++;
      else count.wrong.push(`file ${i}: ${String(error)}`);
    }
  }
  return { files, ...count };
}

export async function fuzzModelJson(files: number): Promise<FuzzResult> {
  const weights = [
    { name: "head/kernel", shape: [3, 2], dtype: "float32" },
    { name: "head/bias", shape: [2], dtype: "float32", quantization: { dtype: "uint8", scale: 1, min: 0 } },
  ];
  const json = {
    modelTopology: { class_name: "Sequential", config: { layers: [] } },
    weightsManifest: [{ paths: ["group1-shard1of1.bin"], weights }],
  };
  const good = new TextEncoder().encode(JSON.stringify(json));
  const random = seeded("fuzz", "model.json");
  const count = { refused: 0, read: 0, wrong: [] as string[] };
  for (let i = 0; i < files; i++) {
    const bytes = mutated(good, random);
    const read = async (path: string): Promise<Uint8Array> => {
      if (path === "model.json") return bytes;
      if (path === "group1-shard1of1.bin") return new Uint8Array(26);
      if (/^([/\\]|[a-z]+:)|\.\.|%2e/i.test(path)) count.wrong.push(`file ${i}: read ${path}`);
      throw new Error("ENOENT");
    };
    try {
      await readArtifacts(read);
      count.read++;
    } catch (error) {
      if (error instanceof GraftError) count.refused++;
      else count.wrong.push(`file ${i}: ${String(error)}`);
    }
  }
  return { files, ...count };
}
