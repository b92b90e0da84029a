import { DataFilesError } from "../data-files-error.ts";

/** An array from a file. */
export interface StoredArray {
  readonly shape: readonly number[];
  /** Integers that fit into 32 bits stay integers. All other numbers become floats of 32 bits. */
  readonly values: Float32Array | Int32Array;
  /** Whether the file stores integers, so that they can be class numbers. */
  readonly isInteger: boolean;
}

/** A type of numbers in files: `f4` is a float of 4 bytes, `i8` an integer of 8 bytes, `u1` a byte, `b1` true or false, `bf2` bfloat16. */
export type ItemType = "f2" | "f4" | "f8" | "bf2" | "i1" | "i2" | "i4" | "i8" | "u1" | "u2" | "u4" | "u8" | "b1";

const READERS: Readonly<Record<ItemType, (view: DataView, at: number, little: boolean) => number>> = {
  f2: (view, at, little) => half(view.getUint16(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
  bf2: (view, at, little) => brain(view.getUint16(at, little)),
  i1: (view, at) => view.getInt8(at),
  i2: (view, at, little) => view.getInt16(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  u1: (view, at) => view.getUint8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  b1: (view, at) => Number(view.getUint8(at) !== 0),
};

export function isItemType(name: string): name is ItemType {
  return Object.hasOwn(READERS, name);
}

/**
 * Reads the items of an array from bytes.
 *
 * @param shape of the array. It was not checked before.
 * @param fortran whether the first axis varies fastest. @default false
 * @param little whether the least significant byte comes first. @default true
 * @throws DataFilesError if the bytes are not exactly those of the shape
 */
export function arrayOf(
  bytes: Uint8Array,
  type: ItemType,
  shape: readonly number[],
  { fortran = false, little = true }: { readonly fortran?: boolean; readonly little?: boolean } = {},
): StoredArray {
  if (!shape.every((side) => Number.isSafeInteger(side) && side >= 0))
    throw new DataFilesError(`its shape [${shape.join(", ")}] is not one of sizes.`, "Write the file again.");
  const count = shape.reduce((product, side) => product * side, 1);
  const size = Number(type.slice(-1));
  if (count * size !== bytes.byteLength)
    throw new DataFilesError(
      `its shape [${shape.join(", ")}] needs ${count * size} bytes, but it has ${bytes.byteLength}.`,
      "Is the file complete?",
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = READERS[type];
  const isInteger = !type.includes("f");
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = read(view, i * size, little);
  const ordered = fortran ? rowMajor(values, shape) : values;
  const fits = isInteger && ordered.every((value) => value === (value | 0));
  return { shape, isInteger, values: fits ? Int32Array.from(ordered) : Float32Array.from(ordered) };
}

/** Reorders values whose first axis varies fastest, so that the last one does. */
function rowMajor(values: Float64Array, shape: readonly number[]): Float64Array {
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, side) => product * side, 1));
  return values.map((_, i) => {
    let [rest, at] = [i, 0];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const side = shape[axis] as number;
      at += (rest % side) * (strides[axis] as number);
      rest = Math.floor(rest / side);
    }
    return values[at] as number;
  });
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const scratch = new DataView(new ArrayBuffer(4));

function brain(bits: number): number {
  scratch.setUint32(0, bits * 65_536);
  return scratch.getFloat32(0);
}
