import { sha256 as portable } from "@noble/hashes/sha2.js";

/** Computes SHA-256. Uses WebCrypto, which is about ten times faster than JavaScript, unless it is missing (on pages without TLS). */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  const { subtle } = (globalThis as { crypto?: { subtle?: SubtleCrypto } }).crypto ?? {};
  if (!subtle) return portable(bytes);
  return new Uint8Array(await subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}
