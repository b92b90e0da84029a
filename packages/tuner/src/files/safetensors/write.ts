import { SafetensorsError, type StoredTensor, WIDTH } from "./format.ts";

/**
 * A safetensors file: the header padded to 8 bytes with spaces, tensors by their type, the widest first, and then by name, as
 * the reference implementation lays them out, so that the same tensors give the same bytes.
 *
 * @throws SafetensorsError where a tensor's bytes do not fit its shape, or a name is `__metadata__`.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  const sorted = [...tensors].sort(
    ([a, { dtype: x }], [b, { dtype: y }]) => RANK.indexOf(y) - RANK.indexOf(x) || (a < b ? -1 : a > b ? 1 : 0),
  );
  // Without a prototype, a tensor may well be called `__proto__`.
  const header = Object.create(null) as Record<string, unknown>;
  if (metadata.size > 0) header.__metadata__ = Object.fromEntries(metadata);
  let at = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    const wanted = shape.reduce((a, b) => a * b, 1) * WIDTH[dtype];
    if (name === "__metadata__" || data.byteLength !== wanted) {
      throw new SafetensorsError(
        `Tensor \`${name}\` cannot be written.`,
        name === "__metadata__"
          ? "The format keeps that name for itself: rename the tensor."
          : `It has ${data.byteLength} bytes, ${dtype} [${shape}] takes ${wanted}.`,
      );
    }
    header[name] = { dtype, shape, data_offsets: [at, at + wanted] };
    at += wanted;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.byteLength / 8) * 8;
  const out = new Uint8Array(8 + padded + at);
  new DataView(out.buffer).setBigUint64(0, BigInt(padded), true);
  out.fill(0x20, 8, 8 + padded);
  out.set(json, 8);
  at = 8 + padded;
  for (const [, { data }] of sorted) {
    out.set(data, at);
    at += data.byteLength;
  }
  return out;
}

/** The order of the reference implementation, narrow to wide. */
const RANK: readonly string[] = Object.keys(WIDTH);
