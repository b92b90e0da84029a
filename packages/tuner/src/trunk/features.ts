import * as tf from "@tensorflow/tfjs-core";
import { DataError } from "../data/columns.ts";
import { inOrder, type Source } from "../data/source.ts";
import type { Value } from "../model/execute.ts";
import type { CutModel } from "../model/trainee.ts";
import { chunks } from "./labels.ts";
import { pieces } from "./pieces.ts";
import type { FeatureStore } from "./store.ts";
import type { Views } from "./views.ts";

/** The values at the cut, by example and view. */
export interface Features {
  /** Bytes kept for the run. */
  readonly bytes: number;
  /** What of it are labels. */
  readonly labelBytes: number;
  /** Whether `batch` wants the examples' inputs. */
  readonly needsInputs: boolean;
  /** The values of some examples: tensors that are the caller's. Takes `inputs` over; they are empty where none are needed. */
  batch(inputs: tf.Tensor[], indices: Int32Array, view: number): Promise<Value[]>;
}

/** Runs the trunk for every batch anew, off the tape: where no view comes twice, and to check the cache against. */
export function uncached(cut: CutModel, views: Views): Features {
  return {
    bytes: 0,
    labelBytes: 0,
    needsInputs: true,
    batch: async (inputs, indices, view) => runTrunk(cut, views(inputs, indices, view)),
  };
}

export interface CachePlan {
  readonly source: Source;
  /** Views of each example; view v of example i is row v · size + i. */
  readonly count: number;
  readonly batchSize: number;
  readonly store: FeatureStore;
  /** Gets the labels as well, where they are not at hand later. */
  readonly labels: FeatureStore | undefined;
  readonly progress?: () => Promise<void> | void;
}

/**
 * Runs the trunk once for every example and view, in batches, and keeps its outputs.
 *
 * @throws DataError where a value at the cut has not one row an example: it cannot be cached.
 */
export async function cached(cut: CutModel, views: Views, plan: CachePlan): Promise<Features> {
  const { source, count, store, labels } = plan;
  if (!store.complete || labels) await fill(cut, views, plan);
  await store.finish();
  return {
    get bytes() {
      return store.bytes + (labels?.bytes ?? 0);
    },
    labelBytes: labels?.bytes ?? 0,
    needsInputs: cut.sources.some((source) => source >= 0),
    async batch(inputs, indices, view) {
      const at = (view % count) * source.size;
      const kept = await store.read(indices.map((index) => at + index));
      if (inputs.length === 0) return kept;
      const seen = views(inputs, indices, view % count);
      const used = new Set<tf.Tensor>();
      const values = cut.sources.map((source) => {
        if (source < 0) return kept.shift() as Value;
        used.add(seen[source] as tf.Tensor);
        return { tensor: seen[source] as tf.Tensor, mask: null };
      });
      tf.dispose(seen.filter((tensor) => !used.has(tensor)));
      return values;
    },
  };
}

async function fill(
  cut: CutModel,
  views: Views,
  { source, count, batchSize, store, labels, progress }: CachePlan,
): Promise<void> {
  const pass = source.open(inOrder(source.size));
  try {
    for (const indices of chunks(source.size, batchSize)) {
      const rows = await pass.take(indices, !store.complete);
      const first = indices[0] as number;
      try {
        await labels?.write(
          first,
          rows.labels.map((tensor) => ({ tensor, mask: null })),
        );
        for (let view = 0; view < count && !store.complete; view++) {
          for (const piece of pieces(rows.inputs, indices)) {
            const values = runTrunk(cut, views(piece.inputs, piece.indices, view));
            try {
              assertRows(values, piece.indices.length, cut);
              await store.write(
                view * source.size + first + piece.from,
                values.filter((_, i) => made(cut, i)),
              );
            } finally {
              disposeValues(values);
            }
          }
        }
      } finally {
        tf.dispose([...rows.inputs, ...rows.labels]);
      }
      await progress?.();
    }
  } finally {
    await pass.close();
  }
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
