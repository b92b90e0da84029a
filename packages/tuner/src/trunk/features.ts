import * as tf from "@tensorflow/tfjs-core";
import { type Columns, DataError, rows } from "../data/columns.ts";
import type { Value } from "../model/execute.ts";
import type { CutModel } from "../model/trainee.ts";
import { type FeatureStore, memoryStore } from "./store.ts";

/** The values at the cut, by example. */
export interface Features {
  /** Bytes kept for the run. */
  readonly bytes: number;
  /** The values of some examples: tensors that are the caller's. */
  batch(indices: Int32Array): Promise<Value[]>;
}

/** Runs the trunk for every batch anew, off the tape: for data that never repeats, and to check the cache against. */
export function uncached(cut: CutModel, { inputs }: Columns): Features {
  return {
    bytes: 0,
    async batch(indices) {
      const picked = rows(inputs, indices);
      const values = tf.tidy((() => cut.runTrunk(picked)) as () => never) as Value[];
      disposeExcept(picked, values);
      return values;
    },
  };
}

/**
 * Runs the trunk once for every example, in batches of `batchSize`, and keeps its outputs.
 *
 * @throws DataError where a value at the cut has not one row an example: it cannot be cached.
 */
export async function cached(
  cut: CutModel,
  { inputs, size }: Columns,
  batchSize: number,
  progress: (examples: number) => Promise<void> | void = () => {},
): Promise<Features> {
  const made = cut.sources.map((source, i) => ({ source, i })).filter(({ source }) => source < 0);
  const store: FeatureStore = memoryStore(size);
  for (let first = 0; first < size && made.length > 0; first += batchSize) {
    const count = Math.min(batchSize, size - first);
    const picked = inputs.map((tensor) => tf.slice(tensor, first, count));
    const values = tf.tidy((() => cut.runTrunk(picked)) as () => never) as Value[];
    const kept = made.map(({ i }) => values[i] as Value);
    assertRows(kept, count, cut);
    await store.write(first, kept);
    disposeValues(values);
    tf.dispose(picked);
    await progress(first + count);
  }
  return {
    get bytes() {
      return store.bytes;
    },
    async batch(indices) {
      const kept = await store.read(indices);
      return cut.sources.map((source) =>
        source < 0
          ? (kept.shift() as Value)
          : { tensor: rows([inputs[source] as tf.Tensor], indices)[0] as tf.Tensor, mask: null },
      );
    },
  };
}

export function disposeValues(values: readonly Value[]): void {
  for (const { tensor, mask } of values) {
    tensor.dispose();
    mask?.dispose();
  }
}

function disposeExcept(tensors: readonly tf.Tensor[], values: readonly Value[]): void {
  const live = new Set(values.map(({ tensor }) => tensor));
  for (const tensor of tensors) if (!live.has(tensor)) tensor.dispose();
}

function assertRows(values: readonly Value[], count: number, { trunk }: CutModel): void {
  const wrong = values.findIndex(({ tensor }) => tensor.shape[0] !== count);
  if (wrong < 0) return;
  throw new DataError(
    `The trunk ends in \`${trunk.frontier[wrong]}\`, which gives [${values[wrong]?.tensor.shape}] for ${count} examples.`,
    "Its output has not one row an example, so it cannot be cached: run with `cache: false`.",
  );
}
