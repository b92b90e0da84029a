/**
 * Packs files into a zip archive without compression, because weights hardly get smaller.
 *
 * @param files contents by name. Names are ASCII.
 */
export function zip(files: ReadonlyMap<string, Uint8Array>): Blob {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, bytes] of files) {
    const label = new TextEncoder().encode(name);
    const facts = [20, 0, 0, 0, DATE, crc32(bytes), bytes.byteLength, bytes.byteLength, label.byteLength, 0] as const;
    const local = record(LOCAL, facts);
    directory.push(record(CENTRAL, [20, ...facts, 0, 0, 0, 0, offset]), label);
    parts.push(local, label, bytes);
    offset += local.byteLength + label.byteLength + bytes.byteLength;
  }
  const size = directory.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const end = record(END, [0, 0, files.size, files.size, size, offset, 0]);
  return new Blob([...parts, ...directory, end] as BlobPart[], { type: "application/zip" });
}

/** Signature and widths in bytes of each field, by the zip specification (APPNOTE 6.3). */
interface Layout {
  readonly signature: number;
  readonly widths: readonly number[];
}
const LOCAL: Layout = { signature: 0x04034b50, widths: [2, 2, 2, 2, 2, 4, 4, 4, 2, 2] };
const CENTRAL: Layout = { signature: 0x02014b50, widths: [2, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2, 2, 2, 2, 4, 4] };
const END: Layout = { signature: 0x06054b50, widths: [2, 2, 2, 2, 4, 4, 2] };
/** 1 January 1980, so that equal files make equal archives. */
const DATE = 0x21;

function record({ signature, widths }: Layout, values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 + widths.reduce((a, b) => a + b, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, signature, true);
  let at = 4;
  widths.forEach((width, i) => {
    if (width === 2) view.setUint16(at, values[i] as number, true);
    else view.setUint32(at, values[i] as number, true);
    at += width;
  });
  return bytes;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ (TABLE[(value ^ byte) & 0xff] as number);
  return ~value >>> 0;
}
