import type { Param } from "@graftjs/core";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** SHA-256 of each tensor of a model, by name. The hash covers the shape, the dtype and every bit of the values. */
export type Fingerprint = ReadonlyMap<string, string>;

/** The fields of a weight that its hash depends on. */
export type Printed = Pick<Param, "name" | "shape" | "variable">;

/** Computes the fingerprint of `weights`. Reads every tensor back from the device once. */
export async function fingerprint(weights: readonly Printed[]): Promise<Fingerprint> {
  const entries = weights.map(async ({ name, shape, variable }) => {
    const values = await variable.data();
    return [name, hashOf(variable.dtype, shape, values)] as const;
  });
  return new Map(await Promise.all(entries));
}

/** Computes a {@link fingerprint} with synchronous reads, which WebGPU in Node does not support. */
export function fingerprintSync(weights: readonly Printed[]): Fingerprint {
  return new Map(
    weights.map(({ name, shape, variable }) => [name, hashOf(variable.dtype, shape, variable.dataSync())]),
  );
}

/** Reduces a fingerprint to one hash that does not depend on the order of the tensors. */
export function fingerprintDigest(print: Fingerprint): string {
  const lines = [...print].map(([name, hash]) => `${name} ${hash}`).sort();
  return bytesToHex(sha256(new TextEncoder().encode(lines.join("\n"))));
}

/** Hashes one tensor in the same way as {@link fingerprint}. */
export function hashOf(dtype: string, shape: readonly number[], values: ArrayBufferView): string {
  const hash = sha256.create();
  hash.update(new TextEncoder().encode(`${dtype}[${shape}]`));
  hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return bytesToHex(hash.digest());
}
