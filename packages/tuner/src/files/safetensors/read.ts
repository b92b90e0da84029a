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
 * Reads a safetensors file. Tensors are views into `given`: nothing is copied, nothing is allocated by a size that the file
 * merely claims.
 *
 * Holds the format's own rules: the header at most 100 MB and inside the file, a JSON object without duplicate keys; offsets
 * that cover the buffer from start to end, without holes and overlaps, each as long as dtype and shape say.
 *
 * @throws SafetensorsError naming the first rule that is broken.
 */
export function readSafetensors(given: Uint8Array): SafetensorsFile {
  // A Buffer's `slice` is a view and a Uint8Array's a copy: whoever reads the tensors may rely on the copy.
  const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  const header = headerOf(bytes);
  const { __metadata__: metadata, ...rest } = Object.assign(Object.create(null), header) as Record<string, unknown>;
  const buffer = bytes.subarray(8 + headerLength(bytes));
  const entries = Object.entries(rest).map(([name, value]) => ({ name, ...entryOf(name, value) }));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end, dtype, shape } of entries) {
    if (begin !== at) bad(`\`${name}\` begins at ${begin}, the data before it ends at ${at}`);
    const wanted = shape.reduce((a, b) => a * b, 1) * WIDTH[dtype];
    if (end - begin !== wanted) bad(`\`${name}\` has ${end - begin} bytes, ${dtype} [${shape}] takes ${wanted}`);
    at = end;
  }
  if (at !== buffer.byteLength) bad(`the data is ${buffer.byteLength} bytes, the header describes ${at}`);
  const tensors = entries.map(({ name, dtype, shape, begin, end }): [string, StoredTensor] => [
    name,
    { dtype, shape, data: buffer.subarray(begin, end) },
  ]);
  return { metadata: metadataOf(metadata), tensors: new Map(tensors) };
}

function headerLength(bytes: Uint8Array): number {
  if (bytes.byteLength < 8) bad(`it has ${bytes.byteLength} bytes, and the header's length alone takes 8`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(HEADER_CAP)) bad(`its header claims ${length} bytes, the format allows ${HEADER_CAP}`);
  if (Number(length) > bytes.byteLength - 8) bad(`its header claims ${length} bytes, the file has ${bytes.byteLength}`);
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
    throw new SafetensorsError("This is no safetensors file: its header is no JSON.", HINT, { cause });
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) bad(`its header has the key ${JSON.stringify(twice)} twice`);
  return header as object;
}

function entryOf(
  name: string,
  value: unknown,
): { dtype: SafetensorsType; shape: number[]; begin: number; end: number } {
  if (typeof value !== "object" || value === null) bad(`\`${name}\` is no object`);
  const { dtype, shape, data_offsets: offsets, ...stray } = value as Record<string, unknown>;
  if (Object.keys(stray).length > 0) bad(`\`${name}\` has the key \`${Object.keys(stray)[0]}\``);
  if (typeof dtype !== "string" || !Object.hasOwn(WIDTH, dtype)) bad(`\`${name}\` is of type ${JSON.stringify(dtype)}`);
  if (!Array.isArray(shape) || !shape.every(isCount)) bad(`\`${name}\` has the shape ${JSON.stringify(shape)}`);
  if (!Number.isSafeInteger((shape as number[]).reduce((a, b) => a * b, 8)))
    bad(`\`${name}\` is too large: [${shape}]`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    bad(`\`${name}\` has the offsets ${JSON.stringify(offsets)}`);
  const [begin, end] = offsets as [number, number];
  return { dtype: dtype as SafetensorsType, shape: shape as number[], begin, end };
}

function metadataOf(value: unknown): ReadonlyMap<string, string> {
  if (value === undefined) return new Map();
  if (typeof value !== "object" || value === null || Array.isArray(value)) bad("its `__metadata__` is no object");
  const entries = Object.entries(value as object);
  const wrong = entries.find(([, text]) => typeof text !== "string");
  if (wrong) bad(`its metadata \`${wrong[0]}\` is no string`);
  return new Map(entries as [string, string][]);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

const HINT = "Is the file whole, and was it written by safetensors?";

function bad(what: string): never {
  throw new SafetensorsError(`This is no safetensors file: ${what}.`, HINT);
}
