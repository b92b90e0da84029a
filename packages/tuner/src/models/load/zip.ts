import { LoadError } from "../../files/load-error.ts";
import { raise } from "./load-limits.ts";

/** The part of `fflate` that Graft uses. */
export interface Inflate {
  inflateSync(bytes: Uint8Array, options: { out: Uint8Array }): Uint8Array;
}

/**
 * Unpacks files of a zip archive. The sizes and the CRC-32 of every returned file are checked.
 *
 * @param names the files to unpack; others are skipped. A file that does not exist is absent from the result.
 * @param most largest sum of the unpacked sizes in bytes.
 * @throws LoadError if the archive is damaged, encrypted, has a file twice or unpacks to more than `most` bytes.
 */
export function unzip(
  bytes: Uint8Array,
  names: readonly string[],
  most: number,
  { inflateSync }: Inflate,
): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let unpacked = 0;
  for (const entry of entries(bytes)) {
    if (!names.includes(entry.name)) continue;
    if (files.has(entry.name)) throw new LoadError(`The archive has ${entry.name} twice.`, HINT);
    unpacked += entry.size;
    if (unpacked > most)
      throw new LoadError(
        `The archive unpacks to ${unpacked} bytes or more; at most ${most} are allowed.`,
        raise("maxUnpackedBytes"),
      );
    const file = entry.method === STORED ? entry.packed : inflated(entry, inflateSync);
    if (file.byteLength !== entry.size || crc32(file) !== entry.crc)
      throw new LoadError(`${entry.name} in the archive is damaged: its checksum or its size is wrong.`, HINT);
    files.set(entry.name, file);
  }
  return files;
}

const HINT = "Copy or save the file again.";
const STORED = 0;
const DEFLATED = 8;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly size: number;
  readonly packed: Uint8Array;
}

function inflated({ name, packed, size }: Entry, inflateSync: Inflate["inflateSync"]): Uint8Array {
  try {
    // One byte more, so that data which are too long are noticed.
    return inflateSync(packed, { out: new Uint8Array(size + 1) });
  } catch (cause) {
    throw new LoadError(`${name} in the archive is damaged: it cannot be unpacked.`, HINT, { cause });
  }
}

/** Reads the entries of the central directory (PKWARE APPNOTE 4.3). Keras needs neither ZIP64 nor several disks. */
function* entries(bytes: Uint8Array): Generator<Entry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endOfDirectory(view);
  const directory = view.getUint32(end + 16, true);
  let at = directory;
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50) throw notZip();
    const nameLength = view.getUint16(at + 28, true);
    const next = at + 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) throw notZip();
    const raw = bytes.subarray(at + 46, at + 46 + nameLength);
    const [method, packed] = [view.getUint16(at + 10, true), view.getUint32(at + 20, true)];
    const encrypted = (view.getUint16(at + 8, true) & 1) === 1;
    const start = dataStart(view, bytes, { at: view.getUint32(at + 42, true), end: directory, raw, method });
    if (encrypted || !(method === STORED || method === DEFLATED) || start + packed > directory) throw notZip();
    yield {
      ...{ name: new TextDecoder().decode(raw), method },
      crc: view.getUint32(at + 16, true),
      size: view.getUint32(at + 24, true),
      packed: bytes.subarray(start, start + packed),
    };
    at = next;
  }
  if (at !== directory + view.getUint32(end + 12, true)) throw notZip();
}

/** Finds the end record. Its comment must end with the file. */
function endOfDirectory(view: DataView): number {
  const first = Math.max(0, view.byteLength - 22 - 0xffff);
  for (let at = view.byteLength - 22; at >= first; at--) {
    const here = view.getUint32(at, true) === 0x06054b50;
    if (here && at + 22 + view.getUint16(at + 20, true) === view.byteLength) return at;
  }
  throw notZip();
}

interface LocalHeader {
  readonly at: number;
  readonly end: number;
  /** The name in the central directory. The local header must agree. */
  readonly raw: Uint8Array;
  readonly method: number;
}

/** Returns the offset of a file's data, after its local header. */
function dataStart(view: DataView, bytes: Uint8Array, { at, end, raw, method }: LocalHeader): number {
  if (at + 30 + raw.length > end || view.getUint32(at, true) !== 0x04034b50) throw notZip();
  const sameName = view.getUint16(at + 26, true) === raw.length && raw.every((byte, i) => bytes[at + 30 + i] === byte);
  if (!sameName || view.getUint16(at + 8, true) !== method) throw notZip();
  return at + 30 + raw.length + view.getUint16(at + 28, true);
}

function notZip(): LoadError {
  return new LoadError("This is not a .keras file, or it is damaged: it cannot be unzipped.", "Is the file complete?");
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** Computes the CRC-32 of the zip format. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (TABLE[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
