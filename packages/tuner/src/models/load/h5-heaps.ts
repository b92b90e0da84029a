import { damaged } from "./h5-memory.ts";

/**
 * Checks the global heaps of an HDF5 file, which hold its strings of variable length. The HDF5 library loops forever if an object of
 * a heap has no size, and nothing can stop it.
 *
 * @throws LoadError if a heap has an object that is empty or does not fit in the heap.
 */
export function assertHeaps(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = bytes.indexOf(SIGNATURE[0]); at >= 0; at = bytes.indexOf(SIGNATURE[0], at + 1)) {
    // Weights may contain the signature by chance. The library itself checks the version and the size.
    if (SIGNATURE.some((byte, i) => bytes[at + i] !== byte) || at + HEADER > bytes.length) continue;
    const end = at + Number(view.getBigUint64(at + 8, true));
    if (end <= bytes.length) assertObjects(view, at + HEADER, end);
  }
}

/** "GCOL" and the version (HDF5 File Format Specification, III.E). */
const SIGNATURE = [0x47, 0x43, 0x4f, 0x4c, 1] as const;
/** Length of the header of a heap and of each object. */
const HEADER = 16;

function assertObjects(view: DataView, first: number, end: number): void {
  for (let at = first; at + HEADER <= end; ) {
    const index = view.getUint16(at, true);
    const size = Number(view.getBigUint64(at + 8, true));
    // Index 0 is the free space, whose size includes the header.
    const length = index === 0 ? size : HEADER + Math.ceil(size / 8) * 8;
    if (length < HEADER || at + length > end) throw damaged();
    at += length;
  }
}
