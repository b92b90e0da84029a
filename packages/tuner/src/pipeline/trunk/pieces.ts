import * as tf from "@tensorflow/tfjs-core";

/** Some rows of a batch, as new tensors. */
export interface Piece {
  /** Where in the batch it begins. */
  readonly from: number;
  readonly indices: Int32Array;
  readonly inputs: tf.Tensor[];
}

/**
 * Bytes of inputs that a trunk sees at once: eight images of 224×224×3. With fewer, the last layers' weights are read anew for too few
 * rows and each call costs more than its share; with more, what a layer leaves for the next one falls out of the processor's cache, and the
 * first layers' outputs are the largest tensors of a whole run.
 */
const AT_ONCE = 5e6;

/** A batch cut up for the trunk: at least one row each, `AT_ONCE` bytes at most. */
export function* pieces(inputs: readonly tf.Tensor[], indices: Int32Array): Generator<Piece> {
  const bytes = inputs.reduce((sum, { size }) => sum + size * 4, 0);
  const each = Math.max(1, Math.floor((AT_ONCE * indices.length) / bytes));
  for (let from = 0; from < indices.length; from += each) {
    const some = indices.subarray(from, from + each);
    yield { from, indices: some, inputs: inputs.map((tensor) => rowsOf(tensor, from, some.length)) };
  }
}

function rowsOf(tensor: tf.Tensor, from: number, count: number): tf.Tensor {
  return count === tensor.shape[0] ? tf.clone(tensor) : tf.slice(tensor, from, count);
}
