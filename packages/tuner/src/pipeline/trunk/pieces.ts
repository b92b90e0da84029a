import * as tf from "@tensorflow/tfjs-core";

/** Some rows of a batch, as new tensors. */
export interface Piece {
  /** Position of the first row in the batch. */
  readonly from: number;
  readonly indices: Int32Array;
  readonly inputs: tf.Tensor[];
}

/**
 * Bytes of inputs that the trunk processes in one call: eight images of 224×224×3. With fewer, reading the last layers' weights and the
 * overhead per call take too much time. With more, a layer's output no longer fits into the processor's cache for the next layer, and
 * the first layers' outputs become the largest tensors of the run.
 */
const AT_ONCE = 5e6;

/**
 * Splits a batch into pieces of at least one row and, if possible, at most `AT_ONCE` bytes. The caller owns the tensors.
 *
 * @param rows number of rows of every piece. @default as many as fit
 */
export function* pieces(inputs: readonly tf.Tensor[], indices: Int32Array, rows?: number): Generator<Piece> {
  const bytes = inputs.reduce((sum, { size }) => sum + size * 4, 0);
  const each = rows ?? Math.max(1, Math.floor((AT_ONCE * indices.length) / bytes));
  for (let from = 0; from < indices.length; from += each) {
    const some = indices.subarray(from, from + each);
    yield { from, indices: some, inputs: inputs.map((tensor) => rowsOf(tensor, from, some.length)) };
  }
}

function rowsOf(tensor: tf.Tensor, from: number, count: number): tf.Tensor {
  return count === tensor.shape[0] ? tf.clone(tensor) : tf.slice(tensor, from, count);
}
