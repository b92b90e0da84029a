import { GraftError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointStore } from "../../files/stores/store.ts";
import type { Value } from "../../models/adapter/value.ts";
import { DataError } from "../data-error.ts";
import { type BlockPair, type FeatureStore, memoryStore, type Precision } from "./feature-store.ts";
import { decodeBlocks, encodeBlocks } from "./stored-blocks.ts";

/** A cache file could not be written. The rows of a stream may not fit into memory, so no other cache can replace the files. */
export class UnwritableCache extends GraftError {
  override name = "UnwritableCache";
  readonly where: string;
  constructor(where: string, cause: unknown) {
    const why = cause instanceof Error ? (cause.message.split("\n")[0] as string) : String(cause);
    super(why, "Is the folder writable, and is there room on the disk?", { cause });
    this.where = where;
  }
}

/** Number of rows per file. */
const ROWS = 64;

/** Returns the number of rows kept in memory if neighbouring reads are about `near` rows apart. */
export function rowsInMemory(near: number): number {
  return blocksInMemory(near) * ROWS;
}

function blocksInMemory(near: number): number {
  return Math.ceil(near / ROWS) + 4;
}

export interface BlockFilesOptions {
  readonly folder: CheckpointStore;
  /** Prefix of the file names. */
  readonly name: string;
  /** Total number of rows. */
  readonly size: number;
  readonly precision: Precision;
  /** Number of rows among which reads jump, such as the size of a shuffle buffer. About as many stay in memory. */
  readonly near: number;
}

/**
 * Keeps trunk outputs of a stream in files of 64 rows each, because they may not fit into memory. A file is written when its rows are
 * computed and read when a row is needed. The files read last stay in memory. A stream's shuffle buffer reads rows near each other,
 * so most reads find their file in memory.
 *
 * Writing throws UnwritableCache if the folder cannot be written.
 */
export async function blockFiles({ folder, name, size, precision, near }: BlockFilesOptions): Promise<FeatureStore> {
  const fileOf = (block: number): string => `${name}-${block}.graft`;
  const whole = `${name}-whole.graft`;
  const complete = (await folder.read(whole).catch(() => undefined)) !== undefined;
  const most = blocksInMemory(near);
  const filling = new Map<number, { readonly store: ReturnType<typeof memoryStore>; rows: number }>();
  const inMemory = new Map<number, readonly BlockPair[]>();

  async function keep(file: string, bytes: Uint8Array): Promise<void> {
    await folder.write(file, bytes).catch((cause: unknown) => {
      throw new UnwritableCache(folder.where, cause);
    });
  }

  async function put(block: number, from: number, values: readonly Value[], count: number): Promise<void> {
    const length = Math.min(ROWS, size - block * ROWS);
    const open = filling.get(block) ?? { store: memoryStore(length, precision), rows: 0 };
    filling.set(block, open);
    await open.store.write(from, values);
    open.rows += count;
    if (open.rows < length) return;
    filling.delete(block);
    await keep(fileOf(block), await encodeBlocks(open.store.blocks));
  }

  async function blocksOf(block: number): Promise<readonly BlockPair[]> {
    let blocks = inMemory.get(block);
    inMemory.delete(block);
    if (!blocks) {
      const bytes = (await folder.read(fileOf(block))) ?? new Uint8Array();
      blocks = await decodeBlocks(bytes).catch((cause) => {
        throw new DataError(
          `${folder.where}/${fileOf(block)} is missing or damaged.`,
          `Delete the files ${name}-*; the next run computes them again.`,
          { cause },
        );
      });
    }
    inMemory.set(block, blocks);
    for (const oldest of inMemory.keys()) {
      if (inMemory.size <= most) break;
      inMemory.delete(oldest);
    }
    return blocks;
  }

  return {
    get bytes() {
      return [...inMemory.values()]
        .flat()
        .reduce((sum, { tensor, mask }) => sum + tensor.values.byteLength + (mask?.values.byteLength ?? 0), 0);
    },
    complete,
    async write(first, values) {
      const count = values[0]?.tensor.shape[0] ?? 0;
      for (let offset = 0; offset < count; ) {
        const row = first + offset;
        const block = Math.floor(row / ROWS);
        const some = Math.min(count - offset, (block + 1) * ROWS - row);
        const part = values.map(({ tensor, mask }) => ({
          tensor: tf.slice(tensor, offset, some),
          mask: mask && tf.slice(mask, offset, some),
        }));
        try {
          await put(block, row - block * ROWS, part, some);
        } finally {
          for (const { tensor, mask } of part) tf.dispose([tensor, ...(mask ? [mask] : [])]);
        }
        offset += some;
      }
    },
    async finish() {
      if (!complete) await keep(whole, new Uint8Array([1]));
    },
    async read(rows) {
      const parts: Value[][] = [];
      try {
        for (const row of rows) {
          const block = Math.floor(row / ROWS);
          const blocks = await blocksOf(block);
          parts.push(await memoryStore(ROWS, precision, blocks).read(Int32Array.of(row - block * ROWS)));
        }
        return (parts[0] ?? []).map((_, i) => {
          const column = parts.map((part) => part[i] as Value);
          return {
            tensor: tf.concat(column.map(({ tensor }) => tensor)),
            mask: column[0]?.mask ? tf.concat(column.map(({ mask }) => mask as tf.Tensor)) : null,
          };
        });
      } finally {
        for (const { tensor, mask } of parts.flat()) tf.dispose([tensor, ...(mask ? [mask] : [])]);
      }
    },
  };
}
