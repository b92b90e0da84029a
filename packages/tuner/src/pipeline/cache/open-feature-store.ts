import * as tf from "@tensorflow/tfjs-core";
import { sha256 } from "../../files/sha256.ts";
import { folderStore } from "../../files/stores/store.ts";
import type { CutModel, ModelAdapter } from "../../models/adapter/model-adapter.ts";
import { fingerprint, fingerprintDigest } from "../../models/fingerprint.ts";
import { inOrder, type Source } from "../source/source.ts";
import type { Views } from "../views/views.ts";
import { blockFiles } from "./block-files.ts";
import { cacheOptions, type ParsedCache, type Warn } from "./cache-options.ts";
import { chunks } from "./cached-labels.ts";
import { type FeatureStore, memoryStore } from "./feature-store.ts";
import { decodeBlocks, encodeBlocks } from "./stored-blocks.ts";

/** Everything that the trunk's outputs depend on. */
export interface CacheSource {
  readonly adapter: ModelAdapter;
  readonly cut: CutModel;
  readonly views: Views;
  readonly source: Source;
  readonly kept: number;
  readonly what: string;
}

/**
 * Opens a store in memory or in a folder. Files in a folder are named by a hash of every weight of the model, the cut, and every
 * input of every view, so another model, other data or other augmentation gets another file. Outputs of a stream are split into many
 * files.
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
  const key = `features-${source.what}-${await keyOf(source, precision, progress)}`;
  const { buffer: near } = source.source;
  if (near !== undefined) return blockFiles({ folder, name: key, size: rows, precision, near });
  const name = `${key}.graft`;
  const found = await folder
    .read(name)
    .then((bytes) => bytes && decodeBlocks(bytes))
    .catch(() => undefined);
  const store = memoryStore(rows, precision, found);
  return {
    get bytes() {
      return store.bytes;
    },
    complete: store.complete,
    write: store.write,
    read: store.read,
    async finish() {
      if (store.complete) return;
      const bytes = await encodeBlocks(store.blocks);
      await folder
        .write(name, bytes)
        .catch((error) => warn(unwritten(folder.where, error, "with an in-memory cache"), folder.where));
    },
  };
}

/** Formats the warning about a cache that could not be written. @param how how the run continues, e.g. "without a cache". */
export function unwritten(where: string, error: unknown, how: string): string {
  const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
  return `Could not write the feature cache to ${where}; continuing ${how}: ${why}`;
}

async function keyOf(
  { adapter, cut, views, source, kept }: CacheSource,
  precision: string,
  progress: () => Promise<void>,
): Promise<string> {
  const parts: string[] = [fingerprintDigest(await fingerprint(adapter.weights)), JSON.stringify(cut.trunk), precision];
  const pass = source.open(inOrder(source.size));
  try {
    for (const indices of chunks(source.size, HASHED_AT_ONCE)) {
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
