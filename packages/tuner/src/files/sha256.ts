import { sha256 as portable } from "@noble/hashes/sha2.js";

/** SHA-256. By WebCrypto where there is one (it is missing on pages without TLS), some ten times faster than JavaScript. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  const { subtle } = (globalThis as { crypto?: { subtle?: SubtleCrypto } }).crypto ?? {};
  if (!subtle) return portable(bytes);
  return new Uint8Array(await subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}
