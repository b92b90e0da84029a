// The cpu backend needs no initialisation. A backend is needed because models create weights.
import "@tensorflow/tfjs-backend-cpu";
import { GraftError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { readSafetensors } from "../src/files/safetensors/read.ts";
import { writeSafetensors } from "../src/files/safetensors/write.ts";
import { loadLayersModel } from "../src/models/load/load-folder.ts";
import { saveModel } from "../src/models/save/save-model.ts";
import { seeded } from "../src/random/random.ts";
import { mutated } from "./mutate.ts";
import { mapStore } from "./support.ts";

/** Result of reading many damaged files. */
export interface FuzzResult {
  readonly trials: number;
  readonly refused: number;
  /** Files that were read without error, because the damage was in the data or gave another valid file. */
  readonly read: number;
  /** Errors of another type, reads outside the folder, tensors larger than their file, tensors left over. Must be empty. */
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
  return { trials: files, ...count };
}

/** Saves a model whose topology has a bit of everything. */
async function goodModel(): Promise<ReadonlyMap<string, Uint8Array>> {
  const { dense, dropout, concatenate, batchNormalization } = layers.layers;
  const input = layers.input({ shape: [3], name: "x" });
  const body = dense({ units: 4, name: "body", activation: "relu" });
  const [a, b] = [body.apply(input), dropout({ rate: 0.5 }).apply(body.apply(input))] as layers.SymbolicTensor[];
  const joined = batchNormalization({ name: "bn" }).apply(concatenate().apply([a, b] as layers.SymbolicTensor[]));
  const outputs = dense({ units: 2, name: "head", kernelRegularizer: "l1l2" }).apply(joined);
  const model = layers.model({ inputs: input, outputs: outputs as layers.SymbolicTensor });
  const files = new Map<string, Uint8Array>();
  await saveModel(model, mapStore(files));
  for (const weight of model.weights) weight.dispose();
  return files;
}

export async function fuzzModelJson(files: number): Promise<FuzzResult> {
  const good = await goodModel();
  const random = seeded("fuzz", "model.json");
  const count = { refused: 0, read: 0, wrong: [] as string[] };
  for (let i = 0; i < files; i++) {
    const bytes = mutated(good.get("model.json") as Uint8Array, random);
    const read = async (path: string): Promise<Uint8Array> => {
      if (path === "model.json") return bytes;
      const found = good.get(path);
      if (found) return found;
      if (/^([/\\]|[a-z]+:)|\.\.|%2e/i.test(path)) count.wrong.push(`file ${i}: read ${path}`);
      throw new Error("ENOENT");
    };
    const before = tf.memory();
    try {
      const model = await loadLayersModel(read);
      for (const weight of model.weights) weight.dispose();
      count.read++;
    } catch (error) {
      if (error instanceof GraftError) count.refused++;
      else count.wrong.push(`file ${i}: ${String(error)}`);
    }
    const left = tf.memory().numTensors - before.numTensors;
    if (left !== 0) count.wrong.push(`file ${i}: ${left} tensors left`);
  }
  return { trials: files, ...count };
}
