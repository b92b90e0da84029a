import { SafetensorsError, type StoredTensor, WIDTH } from "./format.ts";

/**
 * Encodes tensors as a safetensors file with the same bytes as the reference implementation. The header is padded to 8 bytes with
 * spaces. Tensors are sorted by type, the widest first, and then by name.
 *
 * @throws SafetensorsError if a tensor's bytes do not fit its shape, or a name is `__metadata__`.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  const sorted = [...tensors].sort(
    ([a, { dtype: x }], [b, { dtype: y }]) => RANK.indexOf(y) - RANK.indexOf(x) || (a < b ? -1 : a > b ? 1 : 0),
  );
  // The header has no prototype, so that a tensor may be called `__proto__`.
  const header = Object.create(null) as Record<string, unknown>;
  if (metadata.size > 0) header.__metadata__ = Object.fromEntries(metadata);
  let offset = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    const wanted = shape.reduce((a, b) => a * b, 1) * WIDTH[dtype];
    if (name === "__metadata__" || data.byteLength !== wanted) {
      throw new SafetensorsError(
        `Tensor \`${name}\` cannot be written.`,
        name === "__metadata__"
          ? "The format reserves that name. Rename the tensor."
          : `It has ${data.byteLength} bytes, but ${dtype} [${shape}] takes ${wanted}.`,
      );
    }
    header[name] = { dtype, shape, data_offsets: [offset, offset + wanted] };
    offset += wanted;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.byteLength / 8) * 8;
  const out = new Uint8Array(8 + padded + offset);
  new DataView(out.buffer).setBigUint64(0, BigInt(padded), true);
  out.fill(0x20, 8, 8 + padded);
  out.set(json, 8);
  offset = 8 + padded;
  for (const [, { data }] of sorted) {
    out.set(data, offset);
    offset += data.byteLength;
  }
  return out;
}

/** Types from narrow to wide, in the order of the reference implementation. */
const RANK: readonly string[] = Object.keys(WIDTH);
