import { StateError } from "@graftjs/core";
import { sha256 } from "./sha256.ts";

const MAGIC = new TextEncoder().encode("GRAFTCK1");
const PREFIX = MAGIC.length + 32;

/** Eight letters, the SHA-256 of the rest, the rest: one changed or missing bit anywhere is noticed. */
export async function sealed(payload: Uint8Array): Promise<Uint8Array> {
  const out = new Uint8Array(PREFIX + payload.byteLength);
  out.set(MAGIC);
  out.set(await sha256(payload), MAGIC.length);
  out.set(payload, PREFIX);
  return out;
}

/** @throws StateError where the file is not what was written. */
export async function unsealed(bytes: Uint8Array): Promise<Uint8Array> {
  const payload = bytes.subarray(PREFIX);
  const whole =
    bytes.byteLength > PREFIX &&
    equal(bytes.subarray(0, MAGIC.length), MAGIC) &&
    equal(bytes.subarray(MAGIC.length, PREFIX), await sha256(payload));
  if (!whole)
    throw new StateError(
      "The checkpoint is damaged: its SHA-256 does not match.",
      "An older one is used where there is one.",
    );
  return payload;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
