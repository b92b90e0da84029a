import { DataFilesError, shown } from "../data-files-error.ts";
import { arrayOf, isItemType, type StoredArray } from "./stored-array.ts";

const MAGIC = "\x93NUMPY";

/** A longer header is refused. NumPy's own limit is 10,000. */
const LONGEST_HEADER = 10_000;

/**
 * Decodes a `.npy` file. Arrays of Python objects are refused: they are pickles, which run code when they are read.
 *
 * @throws DataFilesError that says why the bytes cannot be used
 */
export function decodeNpy(bytes: Uint8Array): StoredArray {
  const text = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes.length < 12 || text(0, 6) !== MAGIC)
    throw new DataFilesError("its content is not a NumPy array.", "Write it with `numpy.save`.");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6] as number;
  if (version < 1 || version > 3)
    throw new DataFilesError(`its format version is ${version}.`, "Versions 1 to 3 can be read.");
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LONGEST_HEADER || start + length > bytes.length)
    throw new DataFilesError(`its header has ${length} bytes.`, "Is the file complete?");
  const { descr, fortran, shape } = headerOf(text(start, start + length));
  const [order, type] = [descr[0] ?? "", descr.slice(1)];
  if (type === "O" || descr === "O")
    throw new DataFilesError(
      "it holds Python objects. These are pickles, which run code when they are read.",
      'Convert it to numbers: `numpy.save(path, array.astype("float32"))`.',
    );
  if (!"<>|=".includes(order) || !isItemType(type))
    throw new DataFilesError(
      `its numbers have the type ${shown(descr)}.`,
      'Convert it: `numpy.save(path, array.astype("float32"))`.',
    );
  return arrayOf(bytes.subarray(start + length), type, shape, { fortran, little: order !== ">" });
}

interface Header {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** Reads the header: a Python dictionary as `numpy.save` writes it. Other Python is refused. */
function headerOf(text: string): Header {
  const parts = /^\{'descr': ('[^'\\]*'|\[.*\]), 'fortran_order': (True|False), 'shape': \(([\d, ]*)\), ?\} *\n?$/.exec(
    text,
  );
  if (!parts) throw new DataFilesError("its header is not that of an array.", "Write it with `numpy.save`.");
  const [, descr = "", order, sides = ""] = parts;
  if (descr.startsWith("["))
    throw new DataFilesError("its items have several fields.", "Save each field as an array of its own.");
  const shape = sides.split(",").flatMap((side) => (side.trim() === "" ? [] : [Number(side)]));
  return { descr: descr.slice(1, -1), fortran: order === "True", shape };
}
