import { GraftError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** One batch of model inputs. `{ xs }` is the form of `fitDataset`; its labels are ignored. */
export type InputBatch = tf.Tensor | readonly tf.Tensor[] | { readonly xs: tf.Tensor | readonly tf.Tensor[] };

/**
 * Examples to measure: one tensor [N, …], which is cut into batches, or a sequence of batches. Tensors from a
 * `tf.data.Dataset` or an async iterable are disposed after use. The caller keeps all others.
 */
export type InputData =
  | tf.Tensor
  | Iterable<InputBatch>
  | AsyncIterable<InputBatch>
  | { iterator(): Promise<{ next(): Promise<{ done: boolean; value: unknown }> }> };

/**
 * Calls `use` with the inputs of at most `batches` batches.
 *
 * @returns the number of batches used.
 * @throws GraftError if the data contain no batch.
 */
export async function eachBatch(
  data: InputData,
  { batches, batchSize }: { readonly batches: number; readonly batchSize: number },
  use: (inputs: tf.Tensor[]) => Promise<void>,
): Promise<number> {
  let count = 0;
  for await (const { inputs, free } of readBatches(data, batchSize)) {
    if (count === batches) {
      free();
      break;
    }
    try {
      await use(inputs);
    } finally {
      free();
    }
    count++;
  }
  if (count === 0) throw new GraftError("The data contain no batch.", "Pass a tensor [N, …] or at least one batch.");
  return count;
}

interface ReadBatch {
  readonly inputs: tf.Tensor[];
  /** Disposes the batch if the caller does not keep it. */
  free(): void;
}

async function* readBatches(data: InputData, batchSize: number): AsyncGenerator<ReadBatch> {
  if (data instanceof tf.Tensor) {
    const size = data.shape[0] ?? 0;
    for (let first = 0; first < size; first += batchSize) {
      const slice = tf.slice(data, first, Math.min(batchSize, size - first));
      yield { inputs: [slice], free: () => slice.dispose() };
    }
  } else if (Symbol.iterator in data) {
    for (const batch of data) yield { inputs: inputsOf(batch), free: () => {} };
  } else if (Symbol.asyncIterator in data) {
    for await (const batch of data)
      yield { inputs: inputsOf(batch), free: () => tf.dispose(batch as tf.TensorContainer) };
  } else {
    const iterator = await data.iterator();
    for (let item = await iterator.next(); !item.done; item = await iterator.next()) {
      const { value } = item;
      yield { inputs: inputsOf(value as InputBatch), free: () => tf.dispose(value as tf.TensorContainer) };
    }
  }
}

function inputsOf(batch: InputBatch): tf.Tensor[] {
  const inputs = batch instanceof tf.Tensor || Array.isArray(batch) ? batch : (batch as { xs: tf.Tensor }).xs;
  return (Array.isArray(inputs) ? [...inputs] : [inputs]) as tf.Tensor[];
}
