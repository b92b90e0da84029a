import * as tf from "@tensorflow/tfjs-core";
import { DataError } from "../data-error.ts";
import { fromFloat16, toFloat16 } from "../../files/safetensors/float16.ts";
import type { Value } from "../../models/adapter/value.ts";

/** Rows of one cached tensor. `shape` is the shape of one row, without the example axis. */
export interface Block {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool";
  readonly values: Float32Array | Int32Array | Uint8Array | Uint16Array;
}

/** The blocks of one value at the cut: its tensor and its mask. */
export interface BlockPair {
  readonly tensor: Block;
  readonly mask: Block | null;
}

/** Stores the trunk's outputs for all rows. */
export interface FeatureStore {
  readonly bytes: number;
  /** Whether an earlier run has stored all rows. */
  readonly complete: boolean;
  /** Writes values into the rows from `first` on. The caller still owns the tensors. */
  write(first: number, values: readonly Value[]): Promise<void>;
  /** Completes the store. Call it once, after the last write. */
  finish(): Promise<void>;
  /** Reads some rows as new tensors, which the caller owns. */
  read(rows: Int32Array): Promise<Value[]>;
}

export type Precision = "float32" | "float16";

/**
 * Creates a store in host memory. Cached outputs then never fill the 4 GiB heap of wasm or the memory of a GPU.
 *
 * @param loaded complete blocks of an earlier run.
 */
export function memoryStore(
  size: number,
  precision: Precision = "float32",
  loaded?: readonly BlockPair[],
): FeatureStore & { readonly blocks: readonly BlockPair[] } {
  let blocks = loaded;
  const all = (): Block[] => (blocks ?? []).flatMap(({ tensor, mask }) => (mask ? [tensor, mask] : [tensor]));
  return {
    get blocks() {
      return blocks ?? [];
    },
    get bytes() {
      return all().reduce((sum, { values }) => sum + values.byteLength, 0);
    },
    complete: loaded !== undefined,
    async write(first, values) {
      blocks ??= values.map(({ tensor, mask }) => ({
        tensor: block(tensor, size, precision),
        mask: mask && block(mask, size, "float32"),
      }));
      for (const [i, { tensor, mask }] of values.entries()) {
        const into = blocks[i] as BlockPair;
        await copyIn(into.tensor, first, tensor);
        if (mask && into.mask) await copyIn(into.mask, first, mask);
      }
    },
    finish: async () => {},
    read: async (rows) =>
      (blocks ?? []).map(({ tensor, mask }) => ({ tensor: copyOut(tensor, rows), mask: mask && copyOut(mask, rows) })),
  };
}

function block({ shape: [, ...shape], dtype }: tf.Tensor, size: number, precision: Precision): Block {
  const length = size * product(shape);
  if (dtype === "int32") return { shape, dtype, values: new Int32Array(length) };
  if (dtype === "bool") return { shape, dtype, values: new Uint8Array(length) };
  const values = precision === "float16" ? new Uint16Array(length) : new Float32Array(length);
  return { shape, dtype: "float32", values };
}

async function copyIn({ values, shape }: Block, first: number, tensor: tf.Tensor): Promise<void> {
  const data = await tensor.data();
  values.set(values instanceof Uint16Array ? halves(data) : data, first * product(shape));
}

/** Rounds to float16. @throws DataError if a finite value is too large for it */
function halves(data: ArrayLike<number>): Uint16Array {
  return Uint16Array.from(data, (value) => {
    const bits = toFloat16(value);
    if ((bits & 0x7fff) === INFINITE && Number.isFinite(value)) {
      throw new DataError(
        `An output of the frozen layers is ${value}, and float16 ends at 65504.`,
        'Set cache: { precision: "float32" }, or turn the cache off.',
      );
    }
    return bits;
  });
}

/** The bits of an infinite float16 without its sign. */
const INFINITE = 0x7c00;

function copyOut({ values, shape, dtype }: Block, rows: Int32Array): tf.Tensor {
  const row = product(shape);
  const out = new (values.constructor as new (length: number) => typeof values)(rows.length * row);
  rows.forEach((index, i) => {
    out.set(values.subarray(index * row, (index + 1) * row), i * row);
  });
  const wide = out instanceof Uint16Array ? Float32Array.from(out, fromFloat16) : out;
  return tf.tensor(wide, [rows.length, ...shape], dtype);
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
