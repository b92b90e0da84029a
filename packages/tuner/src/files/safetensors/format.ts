import { GraftError } from "@graftjs/core";

/** A file is not a valid safetensors file, or a tensor cannot be stored as one. */
export class SafetensorsError extends GraftError {
  override name = "SafetensorsError";
}

/** Bytes per element of each type in the format. */
export const WIDTH = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;
export type SafetensorsType = keyof typeof WIDTH;

/** Largest header that is read, in bytes, as in the reference implementation. */
export const HEADER_CAP = 100_000_000;

/** A tensor in a file. `data` is a little-endian, row-major view into the file's bytes. */
export interface StoredTensor {
  readonly dtype: SafetensorsType;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** A file's contents. Insertion order is the order of the data. */
export interface SafetensorsFile {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}
