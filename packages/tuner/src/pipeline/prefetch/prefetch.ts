/** Values made one after the other, some of them before they are asked for. */
export interface Prefetched<T> {
  next(): Promise<T | undefined>;
  /** Frees what was made and never asked for, and ends the making. */
  close(): Promise<void>;
}

/** Asks `values` for the next `depth` values while the last one is in use. */
export function prefetched<T>(values: AsyncGenerator<T, void>, depth: number, free: (value: T) => void): Prefetched<T> {
  const made: Promise<IteratorResult<T, void>>[] = [];
  const fill = (count: number): void => {
    while (made.length < count) {
      const next = values.next();
      // An error belongs to whoever asks for the value; until then it is not unhandled.
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
