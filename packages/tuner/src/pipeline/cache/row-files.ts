import type { CheckpointStore } from "../../files/stores/store.ts";
import type { Block, BlockPair } from "./feature-store.ts";
import { decodeBlocks, encodeBlocks } from "./stored-blocks.ts";

/** A file, and the rows of the store that it has, in its order. */
export interface RowFile {
  readonly name: string;
  readonly rows: Int32Array;
}

/** Returns the examples 0 … `size` − 1 of each place: example i belongs to place i mod `places`. */
export function byPlace(size: number, places: number): readonly Int32Array[] {
  return Array.from({ length: Math.min(places, size) }, (_, place) =>
    Int32Array.from({ length: Math.ceil((size - place) / places) }, (_, i) => i * places + place),
  );
}

/** Returns the rows of all views of some examples. View v of example i has row v × `size` + i. */
export function rowsOfViews(examples: Int32Array, size: number, views: number): Int32Array {
  return Int32Array.from({ length: examples.length * views }, (_, at) => {
    const view = Math.floor(at / examples.length);
    return view * size + (examples[at % examples.length] as number);
  });
}

/** Reads the blocks of all rows. Returns undefined if a file is missing or damaged. @param count number of rows of all files */
export async function readRows(
  folder: CheckpointStore,
  files: readonly RowFile[],
  count: number,
): Promise<readonly BlockPair[] | undefined> {
  let whole: readonly BlockPair[] | undefined;
  for (const { name, rows } of files) {
    const blocks = await folder
      .read(name)
      .then((bytes) => bytes && decodeBlocks(bytes))
      .catch(() => undefined);
    if (!blocks) return undefined;
    if (files.length === 1) return blocks;
    whole ??= blocks.map(({ tensor, mask }) => ({
      tensor: emptyLike(tensor, count),
      mask: mask && emptyLike(mask, count),
    }));
    for (const [i, { tensor, mask }] of blocks.entries()) {
      const into = whole[i] as BlockPair;
      copyRows(tensor, into.tensor, (at) => [at, rows[at] as number], rows.length);
      if (mask && into.mask) copyRows(mask, into.mask, (at) => [at, rows[at] as number], rows.length);
    }
  }
  return whole;
}

/** Writes all files. */
export async function writeRows(
  folder: CheckpointStore,
  files: readonly RowFile[],
  blocks: readonly BlockPair[],
): Promise<void> {
  for (const { name, rows } of files) {
    const part = (block: Block): Block => {
      if (files.length === 1) return block;
      const own = emptyLike(block, rows.length);
      copyRows(block, own, (at) => [rows[at] as number, at], rows.length);
      return own;
    };
    const own = blocks.map(({ tensor, mask }) => ({ tensor: part(tensor), mask: mask && part(mask) }));
    await folder.write(name, await encodeBlocks(own));
  }
}

function emptyLike({ shape, dtype, values }: Block, rows: number): Block {
  const Values = values.constructor as new (length: number) => Block["values"];
  return { shape, dtype, values: new Values(rows * lengthOf(shape)) };
}

/** Copies `count` rows. @param places gives the row to read and the row to write */
function copyRows(from: Block, to: Block, places: (at: number) => readonly [number, number], count: number): void {
  const length = lengthOf(from.shape);
  for (let at = 0; at < count; at++) {
    const [read, write] = places(at);
    to.values.set(from.values.subarray(read * length, (read + 1) * length), write * length);
  }
}

function lengthOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
