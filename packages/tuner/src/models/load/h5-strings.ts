import { damaged } from "./h5-memory.ts";

/** The part of h5wasm's module that reads attributes. */
export interface H5Attribute {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  UTF8ToString(pointer: number): string;
  get_attribute_names(file: bigint, path: string): readonly string[];
  get_attribute_metadata(file: bigint, path: string, name: string): AttributeMetadata;
  get_attribute_data(file: bigint, path: string, name: string, pointer: bigint): number;
  reclaim_vlen_memory(file: bigint, path: string, name: string, pointer: bigint): number;
}

interface AttributeMetadata {
  readonly type: number;
  readonly vlen: boolean;
  readonly size: number;
  readonly total_size: number;
}

export interface StringsAt {
  readonly path: string;
  readonly name: string;
  /** How many strings there must be. */
  readonly count: number;
  /** Length of the file. No attribute is longer. */
  readonly byteLength: number;
}

/** Reads the strings of an attribute. @returns undefined if it does not exist, is not of strings, or has not `count` of them. */
export function readStrings(
  h5: H5Attribute,
  file: bigint,
  { path, name, count, byteLength }: StringsAt,
): readonly string[] | undefined {
  if (!Array.from(h5.get_attribute_names(file, path)).includes(name)) return undefined;
  const { type, vlen, size, total_size: total } = h5.get_attribute_metadata(file, path, name);
  if (type !== STRING || total !== count) return undefined;
  const length = size * total;
  if (!(length <= byteLength)) throw damaged();
  const pointer = h5._malloc(length);
  if (pointer === 0) throw damaged();
  try {
    if (h5.get_attribute_data(file, path, name, BigInt(pointer)) < 0) throw damaged();
    const bytes = h5.HEAPU8.slice(pointer, pointer + length);
    if (!vlen) return Array.from({ length: total }, (_, i) => text(bytes.subarray(i * size, (i + 1) * size)));
    const strings = Array.from(new Uint32Array(bytes.buffer), (at) => (at === 0 ? "" : h5.UTF8ToString(at)));
    h5.reclaim_vlen_memory(file, path, name, BigInt(pointer));
    return strings;
  } finally {
    h5._free(pointer);
  }
}

/** The class of strings in HDF5. */
const STRING = 3;

/** Decodes a string that ends at its first zero byte, or with its bytes. */
function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder("utf-8", { fatal: true }).decode(end < 0 ? bytes : bytes.subarray(0, end));
}
