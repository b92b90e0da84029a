import { inOrder, type Source } from "../source/source.ts";
import type { FeatureStore } from "./feature-store.ts";

/** Creates a source that gives cached labels of a stream and no inputs, so that the stream is not read again. */
export function cachedLabels({ size, buffer }: Source, labels: FeatureStore): Source {
  return {
    size,
    buffer,
    open: () => ({
      take: async (indices) => ({ inputs: [], labels: (await labels.read(indices)).map(({ tensor }) => tensor) }),
      close: async () => {},
    }),
  };
}

/** Yields the positions 0 … `size` − 1 in chunks of at most `length`. */
export function* chunks(size: number, length: number): Generator<Int32Array> {
  const order = inOrder(size);
  for (let first = 0; first < size; first += length) yield order.subarray(first, Math.min(first + length, size));
}
