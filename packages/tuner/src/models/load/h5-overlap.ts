import { damaged } from "./h5-memory.ts";

/** A part of the file, from its first byte up to but not including `end`. */
interface Part {
  readonly at: number;
  readonly end: number;
  /** Whether it holds the values of a dataset. Otherwise the library uses it to find them. */
  readonly values: boolean;
}

/**
 * Checks that no values of an HDF5 file lie in a part of the file that is used for something else. In its old format, which Keras writes,
 * the addresses of values have no checksum. If a bit of one flips, the library would return other bytes of the file as weights.
 *
 * Anything that cannot be read here is left to the library, which reads it as well. Files in the newer format have checksums.
 *
 * @throws LoadError if values overlap with other values or with a structure of the file.
 */
export function assertApart(bytes: Uint8Array): void {
  const parts = [...partsOf(bytes)].sort((a, b) => a.at - b.at);
  let before: Part = { at: 0, end: 0, values: false };
  for (const part of parts) {
    if (part.at < before.end && (part.values || before.values)) throw damaged();
    // Of two structures that overlap, the one that reaches further hides more values.
    if (part.end > before.end) before = part;
  }
}

/** Length of the superblock with the entry of the root group (HDF5 File Format Specification, II.A). */
const SUPERBLOCK = 96;

function partsOf(bytes: Uint8Array): readonly Part[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Part[] = [{ at: 0, end: SUPERBLOCK, values: false }];
  const seen = new Set<number>();
  // Version 0, with addresses and lengths of 8 bytes.
  if (bytes.length < SUPERBLOCK || bytes[8] !== 0 || bytes[13] !== 8 || bytes[14] !== 8) return parts;
  const leafLength = 8 + 2 * view.getUint16(16, true) * 40;
  const nodeLength = 24 + 2 * view.getUint16(18, true) * 16 + 8;
  const number = (at: number): number => Number(view.getBigUint64(at, true));
  const fits = (at: number, length: number): boolean => at > 0 && at + length <= bytes.length;
  const is = (signature: string, at: number): boolean =>
    fits(at, signature.length) && [...signature].every((char, i) => bytes[at + i] === char.charCodeAt(0));
  const add = (at: number, length: number, values = false): boolean => {
    if (length <= 0 || !fits(at, length)) return false;
    // A structure is read once. Values count each time: two datasets at one address overlap.
    if (!values && seen.has(at)) return false;
    if (!values) seen.add(at);
    parts.push({ at, end: at + length, values });
    return true;
  };
  // Addresses of object headers and of B-tree nodes. A list instead of recursion, because groups may be nested deeply.
  const headers = [number(64)];
  const nodes: number[] = [];
  const messages = (from: number, length: number): void => {
    for (let at = from; at + 8 <= from + length; at += 8 + view.getUint16(at + 2, true)) {
      const [type, size, data] = [view.getUint16(at, true), view.getUint16(at + 2, true), at + 8];
      if (data + size > from + length) return;
      if (type === LAYOUT && size >= 18 && bytes[data] === 3 && bytes[data + 1] === CONTIGUOUS)
        add(number(data + 2), number(data + 10), true);
      else if (type === CONTINUATION && size >= 16 && add(number(data), number(data + 8)))
        messages(number(data), number(data + 8));
      else if (type === GROUP && size >= 16) {
        nodes.push(number(data));
        const heap = number(data + 8);
        if (is("HEAP", heap) && add(heap, 32)) add(number(heap + 24), number(heap + 8));
      } else if (type === ATTRIBUTE)
        for (let word = data; word + 8 <= data + size; word += 4)
          if (is("GCOL", number(word)) && fits(number(word), 16)) add(number(word), number(number(word) + 8));
    }
  };
  for (;;) {
    const header = headers.pop();
    const node = nodes.pop();
    if (header === undefined && node === undefined) return parts;
    if (header !== undefined && fits(header, 16) && bytes[header] === 1) {
      const length = view.getUint32(header + 8, true);
      if (add(header, 16 + length)) messages(header + 16, length);
    }
    if (node === undefined) continue;
    const leaf = is("SNOD", node);
    if (!(leaf ? add(node, leafLength) : is("TREE", node) && bytes[node + 4] === 0 && add(node, nodeLength))) continue;
    const count = view.getUint16(node + 6, true);
    for (let i = 0; i < count; i++) {
      const at = leaf ? node + 8 + 40 * i + 8 : node + 32 + 16 * i;
      if (fits(at, 8)) (leaf ? headers : nodes).push(number(at));
    }
  }
}

/** Types of the messages of an object header, and a class of layouts (HDF5 File Format Specification, IV.A.2). */
const LAYOUT = 0x08;
const CONTIGUOUS = 1;
const ATTRIBUTE = 0x0c;
const CONTINUATION = 0x10;
const GROUP = 0x11;
