import * as tf from "@tensorflow/tfjs-core";
import { sha256 } from "../../files/sha256.ts";
import { folderStore } from "../../files/stores/store.ts";
import type { CutModel, ModelAdapter } from "../../models/adapter/model-adapter.ts";
import { fingerprint, fingerprintDigest } from "../../models/fingerprint.ts";
import { inOrder, type Source } from "../source/source.ts";
import type { Views } from "../views/views.ts";
import { blockFiles } from "./block-files.ts";
import type { CacheOptions, Warn } from "./cache-options.ts";
import { chunks } from "./cached-labels.ts";
import { type FeatureStore, memoryStore } from "./feature-store.ts";
import { decodeBlocks, encodeBlocks } from "./stored-blocks.ts";

/** What the trunk's outputs depend on. */
export interface CacheSource {
  readonly adapter: ModelAdapter;
  readonly cut: CutModel;
  readonly views: Views;
  readonly source: Source;
  readonly kept: number;
  readonly what: string;
}

/**
 * A store in memory, or one that is read from and written to a folder under a key made of the content: every weight of the
 * model, the cut, and every input of every view. Another model, other data or other augmentation is another key. What comes of
 * a stream goes to many files and stays there.
 *
 * @param progress called between two chunks of hashing; may throw to end it.
 */
export async function openFeatureStore(
  cache: "memory" | CacheOptions,
  rows: number,
  source: CacheSource,
  warn: Warn,
  progress: () => Promise<void>,
): Promise<FeatureStore> {
  const { store: place, precision = "float32" } = cache === "memory" ? {} : cache;
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
        .catch((error) => warn(unwritten(folder.where, error, "from memory"), folder.where));
    },
  };
}

/** @param how the run goes on. */
export function unwritten(where: string, error: unknown, how: string): string {
  const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
  return `What the trunk gave was not written to ${where}, and the run goes on ${how}: ${why}`;
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

/** One line a tensor; frees them. */
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

/** Examples hashed at a time. */
export const HASHED_AT_ONCE = 64;

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
