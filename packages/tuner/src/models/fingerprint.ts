import type { Param } from "@graftjs/core";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** SHA-256 of each tensor of a model, by name; covers shape, type and every bit. */
export type Fingerprint = ReadonlyMap<string, string>;

/** As much of a weight as its hash is made of. */
export type Printed = Pick<Param, "name" | "shape" | "variable">;

/** Reads the whole model back once. */
export async function fingerprint(weights: readonly Printed[]): Promise<Fingerprint> {
  const entries = weights.map(async ({ name, shape, variable }) => {
    const values = await variable.data();
    return [name, hashOf(variable.dtype, shape, values)] as const;
  });
  return new Map(await Promise.all(entries));
}

/** As {@link fingerprint}, by synchronous reads: not on WebGPU in Node. */
export function fingerprintSync(weights: readonly Printed[]): Fingerprint {
  return new Map(
    weights.map(({ name, shape, variable }) => [name, hashOf(variable.dtype, shape, variable.dataSync())]),
  );
}

/** One hash for the whole model, whatever the order of its tensors. */
export function fingerprintDigest(print: Fingerprint): string {
  const lines = [...print].map(([name, hash]) => `${name} ${hash}`).sort();
  return bytesToHex(sha256(new TextEncoder().encode(lines.join("\n"))));
}

/** The hash that a tensor of these values has in a fingerprint. */
export function hashOf(dtype: string, shape: readonly number[], values: ArrayBufferView): string {
  const hash = sha256.create();
  hash.update(new TextEncoder().encode(`${dtype}[${shape}]`));
  hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return bytesToHex(hash.digest());
}
