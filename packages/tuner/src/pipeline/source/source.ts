import type * as tf from "@tensorflow/tfjs-core";
import { type Columns, rows } from "./columns.ts";

/** Some examples as new tensors, which the caller owns. */
export interface ExampleRows {
  /** Empty if inputs were not requested. */
  readonly inputs: tf.Tensor[];
  readonly labels: tf.Tensor[];
}

/** One pass over a source, in the order it was opened with. */
export interface Pass {
  /** Reads the examples at `indices`. They must be the next ones in the order of the pass. */
  take(indices: Int32Array, withInputs: boolean): Promise<ExampleRows>;
  /** Ends the pass, even if examples are left. */
  close(): Promise<void>;
}

/** A set of examples, in memory or streamed. */
export interface Source {
  readonly size: number;
  /** Size of a stream's shuffle buffer; undefined for examples in memory, which are shuffled as a whole. */
  readonly buffer: number | undefined;
  /** Starts a pass. @param order positions in the order in which they will be taken. @param from number of positions to skip. */
  open(order: Int32Array, from?: number): Pass;
}

/** Creates a source from tensors in memory. */
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

/** Returns 0, 1, … n − 1: the order of the data set itself. */
export function inOrder(n: number): Int32Array {
  return Int32Array.from({ length: n }, (_, i) => i);
}
