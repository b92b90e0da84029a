import * as tf from "@tensorflow/tfjs-core";
import type { Value } from "../model/execute.ts";

/** Rows of one cached tensor: everything but the example axis is `shape`. */
interface Block {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool";
  readonly values: Float32Array | Int32Array | Uint8Array;
}

/** Trunk outputs of all examples. */
export interface FeatureStore {
  readonly bytes: number;
  /** Writes the values of the examples from `first` on. Awaits their read; frees nothing. */
  write(first: number, values: readonly Value[]): Promise<void>;
  /** The values of some examples as new tensors. */
  read(indices: Int32Array): Promise<Value[]>;
}

/**
 * Keeps trunk outputs in ordinary host memory: they never fill the 4 GiB heap of wasm or the memory of a GPU, and a batch is
 * a copy of a few rows.
 */
export function memoryStore(size: number): FeatureStore {
  let blocks: { tensor: Block; mask: Block | null }[] | undefined;
  const all = (): Block[] => (blocks ?? []).flatMap(({ tensor, mask }) => (mask ? [tensor, mask] : [tensor]));
  return {
    get bytes() {
      return all().reduce((sum, { values }) => sum + values.byteLength, 0);
    },
    async write(first, values) {
      blocks ??= values.map(({ tensor, mask }) => ({ tensor: block(tensor, size), mask: mask && block(mask, size) }));
      for (const [i, { tensor, mask }] of values.entries()) {
        const { tensor: into, mask: maskInto } = blocks[i] as { tensor: Block; mask: Block | null };
        await copyIn(into, first, tensor);
        if (mask && maskInto) await copyIn(maskInto, first, mask);
      }
    },
    read: async (indices) =>
      (blocks ?? []).map(({ tensor, mask }) => ({
        tensor: copyOut(tensor, indices),
        mask: mask && copyOut(mask, indices),
      })),
  };
}

function block({ shape: [, ...shape], dtype }: tf.Tensor, size: number): Block {
  const length = size * shape.reduce((a, b) => a * b, 1);
  if (dtype === "int32") return { shape, dtype, values: new Int32Array(length) };
  if (dtype === "bool") return { shape, dtype, values: new Uint8Array(length) };
  return { shape, dtype: "float32", values: new Float32Array(length) };
}

async function copyIn({ values, shape }: Block, first: number, tensor: tf.Tensor): Promise<void> {
  const row = shape.reduce((a, b) => a * b, 1);
  values.set((await tensor.data()) as Float32Array, first * row);
}

function copyOut({ values, shape, dtype }: Block, indices: Int32Array): tf.Tensor {
  const row = shape.reduce((a, b) => a * b, 1);
  const picked = values.slice(0, 0).constructor as Float32ArrayConstructor;
  const out = new picked(indices.length * row);
  indices.forEach((index, i) => {
    out.set(values.subarray(index * row, (index + 1) * row) as Float32Array, i * row);
  });
  return tf.tensor(out, [indices.length, ...shape], dtype);
}
