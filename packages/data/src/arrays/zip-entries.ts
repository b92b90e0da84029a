import { crc32, inflateRawSync } from "node:zlib";
import { DataFilesError, shown } from "../data-files-error.ts";

/** One file of a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** Unpacks the file. @throws DataFilesError if it is damaged */
  read(): Uint8Array;
}

const [END, ENTRY, LOCAL] = [0x06054b50, 0x02014b50, 0x04034b50];
const [STORED, DEFLATED] = [0, 8];
/** More files than this are refused. */
const MOST_ENTRIES = 10_000;
/** Deflate makes data at most 1,032 times smaller. */
const MOST_RATIO = 1032;

/**
 * Lists the files of a zip archive. No size in the archive is believed beyond the number of its bytes.
 *
 * @throws DataFilesError if the bytes are not a zip archive, or if it is encrypted, has more than 4 GB, or lies about its sizes
 */
export function zipEntries(bytes: Uint8Array): readonly ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endOf(view);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count > MOST_ENTRIES) throw damaged(`it lists ${count} files.`);
  const entries: ZipEntry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== ENTRY) throw damaged("its list of files is damaged.");
    const [nameSize, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true)) as [
      number,
      number,
      number,
    ];
    const next = at + 46 + nameSize + extra + comment;
    if (next > end) throw damaged("its list of files is damaged.");
    const name = new TextDecoder("latin1").decode(bytes.subarray(at + 46, at + 46 + nameSize));
    const entry = {
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      start: view.getUint32(at + 42, true),
    };
    entries.push({ name, read: () => unpacked(bytes, view, name, entry) });
    at = next;
  }
  return entries;
}

function endOf(view: DataView): number {
  // The record is followed by a comment of at most 65,535 bytes.
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 65_535); at--)
    if (view.getUint32(at, true) === END) return at;
  throw damaged("its content is not a zip archive, or its end is missing.");
}

interface Packed {
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly start: number;
}

function unpacked(bytes: Uint8Array, view: DataView, name: string, entry: Packed): Uint8Array {
  const { flags, method, crc, packed, size, start } = entry;
  if (flags & 1) throw damaged(`its file ${shown(name)} is encrypted.`);
  if ([packed, size, start].includes(0xffffffff)) throw damaged(`its file ${shown(name)} has more than 4 GB.`);
  if (start + 30 > bytes.length || view.getUint32(start, true) !== LOCAL)
    throw damaged(`its file ${shown(name)} does not begin at its place.`);
  const from = start + 30 + view.getUint16(start + 26, true) + view.getUint16(start + 28, true);
  const content = bytes.subarray(from, from + packed);
  if (content.length !== packed) throw damaged(`its file ${shown(name)} ends too early.`);
  if (method !== STORED && method !== DEFLATED) throw damaged(`its file ${shown(name)} is packed by method ${method}.`);
  if (method === STORED ? size !== packed : size > packed * MOST_RATIO)
    throw damaged(`its file ${shown(name)} cannot have ${size} bytes.`);
  const result = method === STORED ? content : inflated(content, size, name);
  if (result.length !== size || crc32(result) !== crc) throw damaged(`its file ${shown(name)} is damaged.`);
  return result;
}

function inflated(content: Uint8Array, size: number, name: string): Uint8Array {
  try {
    return inflateRawSync(content, { maxOutputLength: Math.max(1, size) });
  } catch (cause) {
    throw new DataFilesError(`its file ${shown(name)} is damaged: ${(cause as Error).message}.`, HINT, { cause });
  }
}

const HINT = "Write it again with `numpy.savez`.";

function damaged(message: string): DataFilesError {
  return new DataFilesError(message, HINT);
}
