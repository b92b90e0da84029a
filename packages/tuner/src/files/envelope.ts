import { StateError } from "@graftjs/core";
import { sha256 } from "./sha256.ts";

const MAGIC = new TextEncoder().encode("GRAFTCK1");
const PREFIX = MAGIC.length + 32;

/** Prepends eight letters and the SHA-256 of `payload`, so that any changed or missing bit is detected. */
export async function sealed(payload: Uint8Array): Promise<Uint8Array> {
  const out = new Uint8Array(PREFIX + payload.byteLength);
  out.set(MAGIC);
  out.set(await sha256(payload), MAGIC.length);
  out.set(payload, PREFIX);
  return out;
}

/** Returns the payload of {@link sealed} bytes. @throws StateError if the bytes are damaged. */
export async function unsealed(bytes: Uint8Array): Promise<Uint8Array> {
  const payload = bytes.subarray(PREFIX);
  const whole =
    bytes.byteLength > PREFIX &&
    equal(bytes.subarray(0, MAGIC.length), MAGIC) &&
    equal(bytes.subarray(MAGIC.length, PREFIX), await sha256(payload));
  if (!whole)
    throw new StateError(
      "The checkpoint is damaged: its SHA-256 does not match.",
      "With `resume: true`, the run uses an older checkpoint if there is one.",
    );
  return payload;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
