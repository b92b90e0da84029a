// The one that needs no starting: built models have weights.
import "@tensorflow/tfjs-backend-cpu";
import { inflateSync } from "node:zlib";
import { GraftError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import * as fflate from "fflate";
import * as h5wasm from "h5wasm";
import { type H5Wasm, loadKeras, loadKerasH5 } from "../src/index.ts";
import { type Random, seeded } from "../src/random/random.ts";
import hostile from "./h5-hostile.json" with { type: "json" };
import oracle from "./keras-oracle.json" with { type: "json" };

/** The results of loading damaged copies of a model file. */
export interface KerasFuzz {
  readonly trials: number;
  readonly refused: number;
  /** Loaded with the weights of the undamaged file. */
  readonly same: number;
  /** Loaded with other weights, because the stored values themselves were damaged. HDF5 has no checksum for them. */
  readonly valuesDamaged: number;
  /** Errors of another type, other weights, tensors left over, loads that took longer than the limit. Must be empty. */
  readonly wrong: readonly string[];
}

type Load = (bytes: Uint8Array) => Promise<layers.LayersModel>;

const h5 = h5wasm as unknown as H5Wasm;
const inflated = (base64: string): Uint8Array => new Uint8Array(inflateSync(Buffer.from(base64, "base64")));

/** Loads `files` damaged copies of a .keras file. A checksum covers every value. */
export function fuzzKeras(files: number): Promise<KerasFuzz> {
  const good = inflated(oracle.image.keras);
  return fuzz("keras", good, files, (bytes) => loadKeras(bytes, { h5wasm: h5, fflate }));
}

/** Loads `files` damaged copies of a .h5 file. The format has no checksum. */
export function fuzzH5(files: number): Promise<KerasFuzz> {
  return fuzz("h5", inflated(hostile.plain), files, (bytes) => loadKerasH5(bytes, h5));
}

/** Most milliseconds of the processor for one load. The undamaged files take less than 100. */
const MOST_MS = 5000;

async function fuzz(kind: string, good: Uint8Array, files: number, load: Load): Promise<KerasFuzz> {
  const random = seeded("fuzz", kind);
  const expected = await weightsOf(load, good);
  const count = { refused: 0, same: 0, valuesDamaged: 0, wrong: [] as string[] };
  for (let i = 0; i < files; i++) {
    const bytes = damaged(good, random);
    const [before, start] = [tf.memory().numTensors, process.cpuUsage()];
    try {
      const weights = await weightsOf(load, bytes);
      if (weights === expected) count.same++;
      else if (kind === "h5" && (await weightsOf(load, withValuesOf(good, bytes))) === expected) count.valuesDamaged++;
      else count.wrong.push(`file ${i}: loaded with other weights`);
    } catch (error) {
      if (error instanceof GraftError) count.refused++;
      else count.wrong.push(`file ${i}: ${String(error)}`);
    }
    const ms = process.cpuUsage(start).user / 1000;
    if (ms > MOST_MS) count.wrong.push(`file ${i}: ${ms.toFixed()} ms`);
    const left = tf.memory().numTensors - before;
    if (left !== 0) count.wrong.push(`file ${i}: ${left} tensors left`);
  }
  return { trials: files, ...count };
}

async function weightsOf(load: Load, bytes: Uint8Array): Promise<string> {
  const model = await load(bytes);
  const values = model.weights.map((weight) => String(weight.read().dataSync()));
  for (const weight of model.weights) weight.dispose();
  return values.join(";");
}

/** Returns a copy of the damaged file with the undamaged values: the kernel 0…11 and the bias 1, 1, 1 of the file "plain". */
function withValuesOf(good: Uint8Array, damaged: Uint8Array): Uint8Array {
  const out = damaged.slice();
  for (const values of [Float32Array.from({ length: 12 }, (_, i) => i), Float32Array.of(1, 1, 1)]) {
    const bytes = new Uint8Array(values.buffer);
    out.set(bytes, Buffer.from(good).indexOf(bytes));
  }
  return out;
}

/** Flips a bit, cuts the file, sets bytes, zeroes a block, or copies one part over another. */
function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  const out = bytes.slice();
  const at = (): number => Math.floor(random() * out.length);
  const kind = random();
  if (kind < 0.6) {
    const place = at();
    out[place] = (out[place] as number) ^ (1 << Math.floor(random() * 8));
  } else if (kind < 0.7) return out.slice(0, at());
  else if (kind < 0.85) for (let n = 0; n <= random() * 4; n++) out[at()] = Math.floor(random() * 256);
  else if (kind < 0.95) out.fill(0, at(), at());
  else out.copyWithin(at(), at(), at());
  return out;
}
