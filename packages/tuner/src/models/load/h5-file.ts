import { assertHeaps } from "./h5-heaps.ts";
import { damaged, type H5FileSystem, openingOnly, outside, writeToMemory } from "./h5-memory.ts";
import { assertApart } from "./h5-overlap.ts";
import { type H5Attribute, readStrings } from "./h5-strings.ts";
import { LoadError } from "../../files/load-error.ts";

/** The package `h5wasm`, as `await import("h5wasm")` gives it. `h5wasm/node` is refused, because it writes to the disk. */
export interface H5Wasm {
  readonly ready: Promise<H5Module>;
}

/** The part of h5wasm's module that Graft uses. */
export interface H5Module extends H5Attribute {
  readonly FS: H5FileSystem;
  readonly H5G_GROUP: number;
  readonly H5G_DATASET: number;
  readonly H5G_LINK: number;
  open(path: string, mode: number, trackOrder: boolean, low: number, high: number): bigint;
  close_file(file: bigint): number;
  get_type(file: bigint, path: string): number;
  get_dataset_metadata(file: bigint, path: string): H5Metadata;
  get_dataset_filters(file: bigint, path: string): readonly { readonly id: number; readonly name: string }[];
  get_dataset_data(file: bigint, path: string, count: null, offset: null, strides: null, pointer: bigint): number;
}

interface H5Metadata {
  readonly type: number;
  readonly size: number;
  readonly littleEndian: boolean;
  readonly shape: readonly number[] | null;
  readonly chunks: readonly number[] | null;
  readonly virtual_sources?: readonly { readonly file_name: string }[];
}

/** An open HDF5 file. Every method throws LoadError if the data are damaged or lie in another file. */
export interface H5File {
  /** Returns whether a group exists at `path`. */
  hasGroup(path: string): boolean;
  /** Finds the floating-point dataset at `path`. Its values are not read yet. @returns undefined if nothing exists there. */
  dataset(path: string): H5Dataset | undefined;
  /** Reads the strings of an attribute. @returns undefined if there are not `count`, or if they are not strings. */
  strings(path: string, name: string, count: number): readonly string[] | undefined;
}

export interface H5Dataset {
  readonly shape: readonly number[];
  /** Reads the values. Compare the shape first: it may be far larger than the file. */
  read(): Float32Array | Float64Array;
}

/** Opens an HDF5 file in h5wasm's memory, calls `use`, and closes the file. @throws LoadError if `bytes` is not an HDF5 file. */
export async function withH5<T>(bytes: Uint8Array, h5wasm: H5Wasm, use: (file: H5File) => T | Promise<T>): Promise<T> {
  const h5 = await h5wasm.ready;
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte))
    throw new LoadError("This is not an HDF5 file.", "Is the file complete?");
  assertHeaps(bytes);
  assertApart(bytes);
  const path = writeToMemory(h5.FS, bytes);
  try {
    const only = <R>(call: () => R): R => openingOnly(h5.FS, path, call);
    const id = only(() => h5.open(path, READ_ONLY, false, ANY_VERSION, ANY_VERSION));
    if (id < 0) throw damaged();
    try {
      return await use(openFile(h5, id, only, bytes.byteLength));
    } finally {
      only(() => h5.close_file(id));
    }
  } finally {
    h5.FS.unlink(path);
  }
}

/** First bytes of every HDF5 file (HDF5 File Format Specification, superblock). */
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const READ_ONLY = 0;
const ANY_VERSION = -1;
/** The class of floating-point types in HDF5. */
const FLOAT = 1;
/** The filters of HDF5 itself: deflate, shuffle, fletcher32. h5wasm would look for others on the disk. */
const FILTERS = [1, 2, 3];

function openFile(h5: H5Module, id: bigint, only: <R>(call: () => R) => R, byteLength: number): H5File {
  return {
    hasGroup: (path) => only(() => h5.get_type(id, path)) === h5.H5G_GROUP,
    strings: (path, name, count) => only(() => readStrings(h5, id, { path, name, count, byteLength })),
    dataset(path) {
      const type = only(() => h5.get_type(id, path));
      if (type < 0) return undefined;
      if (type === h5.H5G_LINK) throw outside(`${path} by a link to nothing`);
      if (type !== h5.H5G_DATASET) throw new LoadError(`${path} is not a dataset.`, HINT);
      const metadata = only(() => h5.get_dataset_metadata(id, path));
      const filters = only(() => h5.get_dataset_filters(id, path));
      assertReadable(metadata, filters, path);
      const shape = metadata.shape as readonly number[];
      return { shape, read: () => only(() => readValues(h5, id, path, metadata)) };
    },
  };
}

const HINT = "Was the file saved by Keras, and is it complete?";

function assertReadable(
  { type, size, littleEndian, shape, virtual_sources: sources }: H5Metadata,
  filters: readonly { readonly id: number; readonly name: string }[],
  path: string,
): void {
  if (sources) throw outside(`${JSON.stringify(sources[0]?.file_name ?? "")}: ${path} is a virtual dataset`);
  const unknown = filters.find(({ id: filter }) => !FILTERS.includes(filter));
  if (unknown)
    throw new LoadError(`${path} is compressed by filter ${unknown.id}, which is not known.`, "Compress it with gzip.");
  if (type !== FLOAT || !(size === 4 || size === 8) || !littleEndian || !shape)
    throw new LoadError(`${path} does not hold little-endian float32 or float64 values.`, HINT);
}

function readValues(h5: H5Module, id: bigint, path: string, { shape, size }: H5Metadata): Float32Array | Float64Array {
  const length = size * (shape ?? []).reduce((a, b) => a * b, 1);
  const pointer = h5._malloc(length);
  if (pointer === 0 && length > 0)
    throw new LoadError(`${path} has ${length} bytes, more than h5wasm can hold.`, "Save the model as a .keras file.");
  try {
    if (h5.get_dataset_data(id, path, null, null, null, BigInt(pointer)) < 0) throw damaged();
    const { buffer } = h5.HEAPU8.slice(pointer, pointer + length);
    return size === 4 ? new Float32Array(buffer) : new Float64Array(buffer);
  } finally {
    h5._free(pointer);
  }
}
