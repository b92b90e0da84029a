import { DataFilesError, shown } from "../data-files-error.ts";
import { arrayOf, type ItemType, type StoredArray } from "./stored-array.ts";

const TYPES: ReadonlyMap<string, ItemType> = new Map([
  ...([
    ["F16", "f2"],
    ["F32", "f4"],
    ["F64", "f8"],
    ["BF16", "bf2"],
    ["BOOL", "b1"],
  ] as const),
  ...([
    ["I8", "i1"],
    ["I16", "i2"],
    ["I32", "i4"],
    ["I64", "i8"],
  ] as const),
  ...([
    ["U8", "u1"],
    ["U16", "u2"],
    ["U32", "u4"],
    ["U64", "u8"],
  ] as const),
]);

/** Lists the arrays of a safetensors file, by name. @throws DataFilesError if its header is damaged */
export function safetensorsArrays(bytes: Uint8Array): ReadonlyMap<string, () => StoredArray> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? Number.POSITIVE_INFINITY : Number(view.getBigUint64(0, true));
  if (length > bytes.length - 8) throw damaged("its header does not end within the file.");
  const content = bytes.subarray(8 + length);
  const entries = Object.entries(headerOf(bytes.subarray(8, 8 + length))).filter(([name]) => name !== "__metadata__");
  return new Map(entries.map(([name, entry]) => [name, () => arrayIn(content, name, entry)]));
}

function headerOf(bytes: Uint8Array): object {
  try {
    const header: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof header === "object" && header !== null && !Array.isArray(header)) return header;
  } catch {
    // Reported below.
  }
  throw damaged("its header is not a JSON object.");
}

function arrayIn(content: Uint8Array, name: string, entry: unknown): StoredArray {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Readonly<Record<string, unknown>>;
  const type = TYPES.get(String(dtype));
  if (!type) throw damaged(`the type of ${shown(name)} is ${shown(String(dtype))}.`);
  if (!isNumbers(shape) || !isNumbers(offsets)) throw damaged(`the entry of ${shown(name)} is damaged.`);
  const [from = -1, to = -1] = offsets;
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && to >= from && to <= content.length))
    throw damaged(`the place of ${shown(name)} is outside the file.`);
  return arrayOf(content.subarray(from, to), type, shape);
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}

function damaged(message: string): DataFilesError {
  return new DataFilesError(message, "Write the file again, for example with the package `safetensors` of Python.");
}
