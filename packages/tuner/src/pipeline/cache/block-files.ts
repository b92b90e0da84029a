import { GraftError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointStore } from "../../files/stores/store.ts";
import type { Value } from "../../models/adapter/value.ts";
import { DataError } from "../source/columns.ts";
import { type BlockPair, type FeatureStore, memoryStore, type Precision } from "./feature-store.ts";
import { decodeBlocks, encodeBlocks } from "./stored-blocks.ts";

/** The folder took no block: rows of a stream need not fit into memory, so there is nowhere else for them. */
export class UnwritableCache extends GraftError {
  readonly where: string;
  constructor(where: string, cause: unknown) {
    const why = cause instanceof Error ? (cause.message.split("\n")[0] as string) : String(cause);
    super(why, "Is the folder writable, and is there room on the disk?", { cause });
    this.where = where;
  }
}

/** Rows of a file. */
const ROWS = 64;

/** Rows that stay in memory where about `near` are read near each other. */
export function rowsInMemory(near: number): number {
  return blocksInMemory(near) * ROWS;
}

function blocksInMemory(near: number): number {
  return Math.ceil(near / ROWS) + 4;
}

export interface BlockFilesOptions {
  readonly folder: CheckpointStore;
  /** What the files' names begin with. */
  readonly name: string;
  /** Rows in all. */
  readonly size: number;
  readonly precision: Precision;
  /** Rows that are read near each other: about so many stay in memory. */
  readonly near: number;
}

/**
 * Trunk outputs of a stream, which need not fit into memory: files of 64 rows, written as they are computed, read when a row is
 * wanted, the last ones read kept. A stream's shuffle buffer asks for rows near each other, so most are there already.
 *
 * Writing throws UnwritableCache where the folder does not take them.
 */
export async function blockFiles({ folder, name, size, precision, near }: BlockFilesOptions): Promise<FeatureStore> {
  const fileOf = (block: number): string => `${name}-${block}.graft`;
  const whole = `${name}-whole.graft`;
  const complete = (await folder.read(whole).catch(() => undefined)) !== undefined;
  const most = blocksInMemory(near);
  const filling = new Map<number, { readonly store: ReturnType<typeof memoryStore>; rows: number }>();
  const held = new Map<number, readonly BlockPair[]>();

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
    let blocks = held.get(block);
    held.delete(block);
    if (!blocks) {
      const bytes = (await folder.read(fileOf(block))) ?? new Uint8Array();
      blocks = await decodeBlocks(bytes).catch((cause) => {
        throw new DataError(
          `${folder.where}/${fileOf(block)} is missing or damaged.`,
          `Delete the files ${name}-*: they will be computed anew.`,
          { cause },
        );
      });
    }
    held.set(block, blocks);
    for (const oldest of held.keys()) {
      if (held.size <= most) break;
      held.delete(oldest);
    }
    return blocks;
  }

  return {
    get bytes() {
      return [...held.values()]
        .flat()
        .reduce((sum, { tensor, mask }) => sum + tensor.values.byteLength + (mask?.values.byteLength ?? 0), 0);
    },
    complete,
    async write(first, values) {
      const count = values[0]?.tensor.shape[0] ?? 0;
      for (let at = 0; at < count; ) {
        const row = first + at;
        const block = Math.floor(row / ROWS);
        const some = Math.min(count - at, (block + 1) * ROWS - row);
        const part = values.map(({ tensor, mask }) => ({
          tensor: tf.slice(tensor, at, some),
          mask: mask && tf.slice(mask, at, some),
        }));
        try {
          await put(block, row - block * ROWS, part, some);
        } finally {
          for (const { tensor, mask } of part) tf.dispose([tensor, ...(mask ? [mask] : [])]);
        }
        at += some;
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
