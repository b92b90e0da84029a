import * as tf from "@tensorflow/tfjs-core";
import { sha256 } from "../../files/sha256.ts";
import { folderStore } from "../../files/stores/store.ts";
import type { CutModel, ModelAdapter } from "../../models/adapter/model-adapter.ts";
import { fingerprint, fingerprintDigest } from "../../models/fingerprint.ts";
import { inOrder, type Source } from "../source/source.ts";
import type { Views } from "../views/views.ts";
import { blockFiles } from "./block-files.ts";
import { cacheOptions, type ParsedCache, type Warn } from "./cache-options.ts";
import { type FeatureStore, memoryStore } from "./feature-store.ts";
import { byPlace, type RowFile, readRows, rowsOfViews, writeRows } from "./row-files.ts";

/** Everything that the trunk's outputs depend on. */
export interface CacheSource {
  readonly adapter: ModelAdapter;
  readonly cut: CutModel;
  readonly views: Views;
  readonly source: Source;
  readonly kept: number;
  readonly what: string;
  /** Number of places in the batch that the examples belong to, example i to place i mod `places`. Undefined without ranks. */
  readonly places: number | undefined;
}

/**
 * Opens a store in memory or in a folder. Files in a folder are named by a hash of every weight of the model, the cut, and every
 * input of every view, so another model, other data or other augmentation gets another file. Outputs of a stream are split into many
 * files. With ranks, each place in the batch has a file of its own, so that the files suit any number of ranks.
 *
 * @param progress called between two chunks of hashing; it may throw to stop.
 */
export async function openFeatureStore(
  cache: "memory" | ParsedCache,
  rows: number,
  source: CacheSource,
  warn: Warn,
  progress: () => Promise<void>,
): Promise<FeatureStore> {
  const { store: place, precision } = cache === "memory" ? cacheOptions.parse("cache", {}) : cache;
  if (place === undefined) return memoryStore(rows, precision);
  const folder = typeof place === "string" ? folderStore(place) : place;
  const { buffer: near, size } = source.source;
  const base = await baseOf(source, precision);
  const nameOf = async (examples: Int32Array): Promise<string> =>
    `features-${source.what}-${await keyOf(base, source, examples, progress)}`;
  if (near !== undefined) return blockFiles({ folder, name: await nameOf(inOrder(size)), size: rows, precision, near });
  const files: RowFile[] = [];
  for (const examples of byPlace(size, source.places ?? 1))
    files.push({ name: `${await nameOf(examples)}.graft`, rows: rowsOfViews(examples, size, source.kept) });
  const store = memoryStore(rows, precision, await readRows(folder, files, rows));
  return {
    get bytes() {
      return store.bytes;
    },
    complete: store.complete,
    write: store.write,
    read: store.read,
    async finish() {
      if (store.complete) return;
      await writeRows(folder, files, store.blocks).catch((error) =>
        warn(unwritten(folder.where, error, "with an in-memory cache"), folder.where),
      );
    },
  };
}

/** Formats the warning about a cache that could not be written. @param how how the run continues, e.g. "without a cache". */
export function unwritten(where: string, error: unknown, how: string): string {
  const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
  return `Could not write the feature cache to ${where}; continuing ${how}: ${why}`;
}

/** Returns the facts that the outputs of all examples depend on. */
async function baseOf({ adapter, cut }: CacheSource, precision: string): Promise<readonly string[]> {
  return [fingerprintDigest(await fingerprint(adapter.weights)), JSON.stringify(cut.trunk), precision];
}

/** Returns a hash of the facts in `base` and of the inputs of some examples. */
async function keyOf(
  base: readonly string[],
  { views, source, kept }: CacheSource,
  examples: Int32Array,
  progress: () => Promise<void>,
): Promise<string> {
  const parts = [...base];
  const pass = source.open(examples);
  try {
    for (let from = 0; from < examples.length; from += HASHED_AT_ONCE) {
      const indices = examples.subarray(from, from + HASHED_AT_ONCE);
      const { inputs, labels } = await pass.take(indices, true);
      for (let view = 0; view < kept; view++) parts.push(...(await hashes(views(inputs.map(tf.clone), indices, view))));
      tf.dispose([...inputs, ...labels]);
      await progress();
    }
  } finally {
    await pass.close();
  }
  return hex(await sha256(new TextEncoder().encode(parts.join("\n")))).slice(0, 32);
}

/** Returns one line per tensor and frees the tensors. */
async function hashes(tensors: readonly tf.Tensor[]): Promise<string[]> {
  const lines: string[] = [];
  for (const tensor of tensors) {
    const { buffer, byteOffset, byteLength } = await tensor.data();
    const bytes = new Uint8Array(buffer, byteOffset, byteLength).slice();
    lines.push(`${tensor.dtype}[${tensor.shape}]${hex(await sha256(bytes))}`);
    tensor.dispose();
  }
  return lines;
}

/** Number of examples hashed at a time. */
export const HASHED_AT_ONCE = 64;

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
