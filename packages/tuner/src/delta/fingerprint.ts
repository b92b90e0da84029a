import type { NamedWeight } from "@graftjs/core";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** SHA-256 of each tensor of a model, by name; covers shape, type and every bit. */
export type Fingerprint = ReadonlyMap<string, string>;

/** Reads the whole model back once. */
export async function fingerprint(weights: readonly NamedWeight[]): Promise<Fingerprint> {
  const entries = weights.map(async (weight) => [weight.name, hashOf(weight, await weight.variable.data())] as const);
  return new Map(await Promise.all(entries));
}

/** As {@link fingerprint}, by synchronous reads: not on WebGPU in Node. */
export function fingerprintSync(weights: readonly NamedWeight[]): Fingerprint {
  return new Map(weights.map((weight) => [weight.name, hashOf(weight, weight.variable.dataSync())]));
}

/** One hash for the whole model, whatever the order of its tensors. */
export function digest(print: Fingerprint): string {
  const lines = [...print].map(([name, hash]) => `${name} ${hash}`).sort();
  return bytesToHex(sha256(new TextEncoder().encode(lines.join("\n"))));
}

function hashOf({ shape, variable }: NamedWeight, values: ArrayBufferView): string {
  const hash = sha256.create();
  hash.update(new TextEncoder().encode(`${variable.dtype}[${shape}]`));
  hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return bytesToHex(hash.digest());
}
