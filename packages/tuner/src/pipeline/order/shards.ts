import { seeded } from "../../random/random.ts";
import { bufferedOrder } from "./buffered-order.ts";
import { inOrder, type Source } from "../source/source.ts";
import { DataError } from "../data-error.ts";
import type { Collective } from "../../parallel/collective.ts";

/** The examples of a data set that this process uses, and their order. */
export interface Shard {
  /** The examples, numbered from 0. */
  readonly source: Source;
  /** Number of places in the batch that the examples belong to, example i to place i mod `places`. Undefined without ranks. */
  readonly places: number | undefined;
  /** Returns the order of the examples in an epoch. */
  order(seed: number, epoch: number, shuffle: boolean): Int32Array;
  /** Returns the positions in the order, from and to, of the batch that begins at example `first` of the whole epoch. */
  batch(first: number): readonly [from: number, to: number];
  /** Returns the numbers of examples in the whole data set. */
  globalOf(indices: Int32Array): Int32Array;
}

/** Makes the shard of a process that uses every example. */
export function wholeShard(source: Source, batchSize: number): Shard {
  const { size, buffer = size } = source;
  return {
    source,
    places: undefined,
    order: (seed, epoch, shuffle) => (shuffle ? bufferedOrder(seed, epoch, size, buffer) : inOrder(size)),
    batch: (first) => [first, Math.min(first + batchSize, size)],
    globalOf: (indices) => indices,
  };
}

/**
 * Makes the shard of one rank. Example i belongs to place i mod `batchSize`, and a batch has one example of each place. Each rank has a
 * range of places, so it uses the same examples in every epoch, an equal part of every batch, and each example once per epoch. The
 * batches do not depend on the number of ranks. Examples of one place are shuffled among themselves.
 *
 * @throws DataError if a rank would have no example
 */
export function rankShard(source: Source, batchSize: number, { rank, size: ranks }: Collective, what: string): Shard {
  const { size, buffer } = source;
  const places = Math.min(batchSize, size);
  if (ranks > places)
    throw new DataError(
      `${ranks} ranks share ${size} example(s) of \`${what}\` in batches of ${batchSize}, so a rank would have none.`,
      `Start at most ${places} ranks. \`batchSize\` counts the examples of all ranks together.`,
    );
  const [low, high] = [rank, rank + 1].map((r) => Math.floor((r * places) / ranks)) as [number, number];
  const width = high - low;
  /** Number of examples of this rank before example `i` of the data set. */
  const before = (i: number): number =>
    Math.floor(i / places) * width + Math.min(Math.max((i % places) - low, 0), width);
  const globalOf = (indices: Int32Array): Int32Array =>
    indices.map((index) => Math.floor(index / width) * places + low + (index % width));
  const own = before(size);
  return {
    source: {
      size: own,
      buffer: buffer === undefined ? undefined : Math.max(1, Math.ceil(buffer / places)) * width,
      open(order, from) {
        const pass = source.open(globalOf(order), from);
        return { take: (indices, withInputs) => pass.take(globalOf(indices), withInputs), close: () => pass.close() };
      },
    },
    places: width,
    order(seed, epoch, shuffle) {
      if (!shuffle) return inOrder(own);
      const order = new Int32Array(own);
      for (let column = 0; column < width; column++) {
        const count = Math.ceil((own - column) / width);
        const rows = buffer === undefined ? count : Math.max(1, Math.ceil(buffer / places));
        const drawn = bufferedOrder(seedOf(seed, low + column), epoch, count, rows);
        drawn.forEach((row, k) => {
          order[k * width + column] = row * width + column;
        });
      }
      return order;
    },
    batch: (first) => [before(first), before(Math.min(first + batchSize, size))],
    globalOf,
  };
}

/** Returns another seed for each place, so that its examples have an order of their own. */
function seedOf(seed: number, place: number): number {
  return Math.floor(seeded(seed, "place", place)() * 2 ** 32);
}
