import { GraftError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** One batch of model inputs; `{ xs }` as `fitDataset` has it, labels unread. */
export type InputBatch = tf.Tensor | readonly tf.Tensor[] | { readonly xs: tf.Tensor | readonly tf.Tensor[] };

/**
 * Examples to look at: a tensor [N, …] cut into batches, or batches one by one. Tensors that a `tf.data.Dataset` or an async
 * iterable yields are freed after use, all others are the caller's.
 */
export type InputData =
  | tf.Tensor
  | Iterable<InputBatch>
  | AsyncIterable<InputBatch>
  | { iterator(): Promise<{ next(): Promise<{ done: boolean; value: unknown }> }> };

/** Calls `use` with the inputs of up to `batches` batches; returns how many there were. */
export async function eachBatch(
  data: InputData,
  { batches, batchSize }: { readonly batches: number; readonly batchSize: number },
  use: (inputs: tf.Tensor[]) => Promise<void>,
): Promise<number> {
  let seen = 0;
  for await (const { inputs, free } of opened(data, batchSize)) {
    if (seen === batches) {
      free();
      break;
    }
    try {
      await use(inputs);
    } finally {
      free();
    }
    seen++;
  }
  if (seen === 0) throw new GraftError("There is no batch in the data.", "Pass a tensor [N, …] or at least one batch.");
  return seen;
}

interface Opened {
  readonly inputs: tf.Tensor[];
  free(): void;
}

async function* opened(data: InputData, batchSize: number): AsyncGenerator<Opened> {
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
