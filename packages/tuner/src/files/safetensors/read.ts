import { duplicateKey } from "./duplicate-key.ts";
import {
  HEADER_CAP,
  SafetensorsError,
  type SafetensorsFile,
  type SafetensorsType,
  type StoredTensor,
  WIDTH,
} from "./format.ts";

/**
 * Reads a safetensors file. Tensors are views into `given`. Nothing is copied, and no memory is allocated for sizes that the file only
 * claims.
 *
 * Enforces the rules of the format. The header has at most 100 MB, lies inside the file, and is a JSON object without duplicate keys.
 * Offsets cover the buffer from start to end without holes or overlaps, and each length matches dtype and shape.
 *
 * @throws SafetensorsError that names the first broken rule.
 */
export function readSafetensors(given: Uint8Array): SafetensorsFile {
  // Converted, because `slice` of a Buffer gives a view, but readers of the tensors rely on the copy that a Uint8Array's `slice` gives.
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  const header = headerOf(bytes);
  const { __metadata__: metadata, ...rest } = Object.assign(Object.create(null), header) as Record<string, unknown>;
  const buffer = bytes.subarray(8 + headerLength(bytes));
  const entries = Object.entries(rest).map(([name, value]) => ({ name, ...entryOf(name, value) }));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let offset = 0;
  for (const { name, begin, end, dtype, shape } of entries) {
    if (begin !== offset) bad(`\`${name}\` begins at ${begin}, but the data before it ends at ${offset}`);
    const wanted = shape.reduce((a, b) => a * b, 1) * WIDTH[dtype];
    if (end - begin !== wanted) bad(`\`${name}\` has ${end - begin} bytes, but ${dtype} [${shape}] takes ${wanted}`);
    offset = end;
  }
  if (offset !== buffer.byteLength) bad(`the data has ${buffer.byteLength} bytes, but the header describes ${offset}`);
  const tensors = entries.map(({ name, dtype, shape, begin, end }): [string, StoredTensor] => [
    name,
    { dtype, shape, data: buffer.subarray(begin, end) },
  ]);
  return { metadata: metadataOf(metadata), tensors: new Map(tensors) };
}

function headerLength(bytes: Uint8Array): number {
  if (bytes.byteLength < 8) bad(`it has ${bytes.byteLength} bytes, but the header's length takes 8`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(HEADER_CAP)) bad(`its header claims ${length} bytes, but the format allows ${HEADER_CAP}`);
  if (Number(length) > bytes.byteLength - 8)
    bad(`its header claims ${length} bytes, but the file has ${bytes.byteLength}`);
  return Number(length);
}

function headerOf(bytes: Uint8Array): object {
  const raw = bytes.subarray(8, 8 + headerLength(bytes));
  if (raw[0] !== 0x7b) bad("its header does not start with {");
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
    header = JSON.parse(text);
  } catch (cause) {
    throw new SafetensorsError("This is not a safetensors file: its header is not JSON.", HINT, { cause });
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) bad(`its header has the key ${JSON.stringify(twice)} twice`);
  return header as object;
}

function entryOf(
  name: string,
  value: unknown,
): { dtype: SafetensorsType; shape: number[]; begin: number; end: number } {
  if (typeof value !== "object" || value === null) bad(`\`${name}\` is not an object`);
  const { dtype, shape, data_offsets: offsets, ...stray } = value as Record<string, unknown>;
  if (Object.keys(stray).length > 0) bad(`\`${name}\` has the unknown key \`${Object.keys(stray)[0]}\``);
  if (typeof dtype === "string" && /^F[468]_/.test(dtype))
    throw new SafetensorsError(
      `Tensor \`${name}\` has the type ${dtype}: floats of ${dtype[1]} bits (FP${dtype[1]}), which TensorFlow.js does not support.`,
      "Convert it before, for example with tensor.to(torch.float16) in PyTorch, and multiply by its scale if the model has one.",
    );
  if (typeof dtype !== "string" || !Object.hasOwn(WIDTH, dtype))
    bad(`\`${name}\` has the unknown type ${JSON.stringify(dtype)}`);
  if (!Array.isArray(shape) || !shape.every(isCount)) bad(`\`${name}\` has the invalid shape ${JSON.stringify(shape)}`);
  if (!Number.isSafeInteger((shape as number[]).reduce((a, b) => a * b, 8)))
    bad(`\`${name}\` is too large: [${shape}]`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    bad(`\`${name}\` has the invalid offsets ${JSON.stringify(offsets)}`);
  const [begin, end] = offsets as [number, number];
  return { dtype: dtype as SafetensorsType, shape: shape as number[], begin, end };
}

function metadataOf(value: unknown): ReadonlyMap<string, string> {
  if (value === undefined) return new Map();
  if (typeof value !== "object" || value === null || Array.isArray(value)) bad("its `__metadata__` is not an object");
  const entries = Object.entries(value as object);
  const wrong = entries.find(([, text]) => typeof text !== "string");
  if (wrong) bad(`its metadata \`${wrong[0]}\` is not a string`);
  return new Map(entries as [string, string][]);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

const HINT = "Is the file complete, and was it written by safetensors?";

function bad(what: string): never {
  throw new SafetensorsError(`This is not a safetensors file: ${what}.`, HINT);
}
