/** A sequence of values, some of which are made before they are requested. */
export interface Prefetched<T> {
  /** Returns the next value; undefined after the last one. */
  next(): Promise<T | undefined>;
  /** Frees the values that were made but not requested, and ends the sequence. */
  close(): Promise<void>;
}

/** Makes the next `depth` values while the caller uses the last one. @param free frees a value that was not requested. */
export function prefetched<T>(values: AsyncGenerator<T, void>, depth: number, free: (value: T) => void): Prefetched<T> {
  const made: Promise<IteratorResult<T, void>>[] = [];
  const fill = (count: number): void => {
    while (made.length < count) {
      const next = values.next();
      // The error is thrown when the value is requested. Until then it must not count as unhandled.
      next.catch(() => {});
      made.push(next);
    }
  };
  return {
    async next() {
      fill(1);
      const { value, done } = await (made.shift() as Promise<IteratorResult<T, void>>);
      if (done === true) return undefined;
      fill(depth);
      return value;
    },
    async close() {
      for (const settled of await Promise.allSettled(made.splice(0))) {
        if (settled.status === "fulfilled" && settled.value.done !== true) free(settled.value.value);
      }
      await values.return();
    },
  };
}
