import { bytesToHex } from "@noble/hashes/utils.js";
import * as tf from "@tensorflow/tfjs-core";
import { sha256 } from "../files/sha256.ts";
import type { Source } from "./source.ts";

/** Examples that are looked at, spread over the data. */
const LOOKED_AT = 64;

/**
 * SHA-256 of inputs and labels of 64 examples spread evenly over the data, first and last among them, with shapes and types; of a
 * smaller set of all. Cheap, and other data differ in it unless they differ in few examples.
 *
 * @param atOnce examples read at a time. @returns undefined for a stream, which would have to be read for it.
 */
export async function dataDigest(source: Source, atOnce: number): Promise<string | undefined> {
  if (source.buffer !== undefined) return undefined;
  const { size } = source;
  const count = Math.min(LOOKED_AT, size);
  const picked = Int32Array.from({ length: count }, (_, i) => Math.round((i * (size - 1)) / Math.max(1, count - 1)));
  const pass = source.open(picked);
  const lines = [String(size)];
  try {
    for (let from = 0; from < count; from += atOnce) {
      const { inputs, labels } = await pass.take(picked.subarray(from, from + atOnce), true);
      try {
        for (const [column, tensor] of [...inputs, ...labels].entries())
          lines.push(...(await rowHashes(tensor)).map((hash, row) => `${column} ${from + row} ${hash}`));
      } finally {
        tf.dispose([...inputs, ...labels]);
      }
    }
  } finally {
    await pass.close();
  }
  return bytesToHex(await sha256(new TextEncoder().encode(lines.sort().join("\n"))));
}

/** One a row: how many are read at a time must not show. */
async function rowHashes(tensor: tf.Tensor): Promise<string[]> {
  const { buffer, byteOffset, byteLength } = await tensor.data();
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const [rows = 0, ...shape] = tensor.shape;
  const each = byteLength / rows;
  const hashes: string[] = [];
  for (let row = 0; row < rows; row++) {
    const hash = await sha256(bytes.slice(row * each, (row + 1) * each));
    hashes.push(`${tensor.dtype}[${shape}] ${bytesToHex(hash)}`);
  }
  return hashes;
}
