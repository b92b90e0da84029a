import { inOrder, type Source } from "../source/source.ts";
import type { FeatureStore } from "./feature-store.ts";

/** Labels of a stream beside its cached features: what is cached is not read again, labels included. */
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

/** Chunks of the positions of a source, in its own order. */
export function* chunks(size: number, length: number): Generator<Int32Array> {
  const order = inOrder(size);
  for (let first = 0; first < size; first += length) yield order.subarray(first, Math.min(first + length, size));
}
