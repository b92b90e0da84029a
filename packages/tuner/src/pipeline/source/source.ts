import type * as tf from "@tensorflow/tfjs-core";
import { type Columns, rows } from "./columns.ts";

/** Some examples: new tensors, the caller's. */
export interface ExampleRows {
  /** Empty where they were not asked for. */
  readonly inputs: tf.Tensor[];
  readonly labels: tf.Tensor[];
}

/** One pass over a source, in the order it was opened with. */
export interface Pass {
  /** The examples at `indices`, which follow in the pass's order on those taken before. */
  take(indices: Int32Array, withInputs: boolean): Promise<ExampleRows>;
  /** Ends the pass, early too. */
  close(): Promise<void>;
}

/** Examples by position, wherever they are. */
export interface Source {
  readonly size: number;
  /** Examples among which a stream is shuffled; undefined for examples in memory, which are shuffled as a whole. */
  readonly buffer: number | undefined;
  /** @param order positions in the order they will be taken; @param from how many of them are passed over. */
  open(order: Int32Array, from?: number): Pass;
}

/** Columns in memory, where any order costs the same. */
export function memorySource({ inputs, labels, size }: Columns): Source {
  return {
    size,
    buffer: undefined,
    open: () => ({
      take: async (indices, withInputs) => ({
        inputs: withInputs ? rows(inputs, indices) : [],
        labels: rows(labels, indices),
      }),
      close: async () => {},
    }),
  };
}

/** 0, 1, … n − 1: the order of the data set itself. */
export function inOrder(n: number): Int32Array {
  return Int32Array.from({ length: n }, (_, i) => i);
}
