import * as tf from "@tensorflow/tfjs-core";
import { DataError } from "../data/columns.ts";
import type { Value } from "../model/execute.ts";
import type { CutModel } from "../model/trainee.ts";
import type { FeatureStore } from "./store.ts";
import type { Views } from "./views.ts";

/** The values at the cut, by example and view. */
export interface Features {
  /** Bytes kept for the run. */
  readonly bytes: number;
  /** The values of some examples: tensors that are the caller's. */
  batch(indices: Int32Array, view: number): Promise<Value[]>;
}

/** Runs the trunk for every batch anew, off the tape: where no view comes twice, and to check the cache against. */
export function uncached(cut: CutModel, views: Views): Features {
  return {
    bytes: 0,
    async batch(indices, view) {
      const inputs = views(indices, view);
      return runTrunk(cut, inputs);
    },
  };
}

export interface CachePlan {
  /** Examples. */
  readonly size: number;
  /** Views of each example; view v of example i is row v · size + i. */
  readonly count: number;
  readonly batchSize: number;
  readonly store: FeatureStore;
  readonly progress?: (examples: number) => Promise<void> | void;
}

/**
 * Runs the trunk once for every example and view, in batches, and keeps its outputs.
 *
 * @throws DataError where a value at the cut has not one row an example: it cannot be cached.
 */
export async function cached(
  cut: CutModel,
  views: Views,
  { size, count, batchSize, store, progress }: CachePlan,
): Promise<Features> {
  for (let view = 0; view < count && !store.complete; view++) {
    for (let first = 0; first < size; first += batchSize) {
      const indices = Int32Array.from({ length: Math.min(batchSize, size - first) }, (_, i) => first + i);
      const values = runTrunk(cut, views(indices, view));
      assertRows(values, indices.length, cut);
      await store.write(
        view * size + first,
        values.filter((_, i) => made(cut, i)),
      );
      disposeValues(values);
      await progress?.(view * size + first + indices.length);
    }
  }
  await store.finish();
  return {
    get bytes() {
      return store.bytes;
    },
    async batch(indices, view) {
      const at = (view % count) * size;
      const kept = await store.read(indices.map((index) => at + index));
      if (cut.sources.every((source) => source < 0)) return kept;
      const inputs = views(indices, view % count);
      const used = new Set<tf.Tensor>();
      const values = cut.sources.map((source) => {
        if (source < 0) return kept.shift() as Value;
        used.add(inputs[source] as tf.Tensor);
        return { tensor: inputs[source] as tf.Tensor, mask: null };
      });
      tf.dispose(inputs.filter((tensor) => !used.has(tensor)));
      return values;
    },
  };
}

/** The trunk off the tape; frees what it does not return. */
function runTrunk(cut: CutModel, inputs: readonly tf.Tensor[]): Value[] {
  const values = tf.tidy((() => cut.runTrunk(inputs)) as () => never) as Value[];
  const live = new Set(values.map(({ tensor }) => tensor));
  for (const tensor of inputs) if (!live.has(tensor)) tensor.dispose();
  return values;
}

export function disposeValues(values: readonly Value[]): void {
  for (const { tensor, mask } of values) {
    tensor.dispose();
    mask?.dispose();
  }
}

function made({ sources }: CutModel, i: number): boolean {
  return (sources[i] as number) < 0;
}

function assertRows(values: readonly Value[], count: number, { trunk }: CutModel): void {
  const wrong = values.findIndex(({ tensor }) => tensor.shape[0] !== count);
  if (wrong < 0) return;
  throw new DataError(
    `The trunk ends in \`${trunk.frontier[wrong]}\`, which gives [${values[wrong]?.tensor.shape}] for ${count} examples.`,
    "Its output has not one row an example, so it cannot be cached: run with `cache: false`.",
  );
}
