import * as tf from "@tensorflow/tfjs-core";
import { type CutModel, valueAt } from "../../models/adapter/model-adapter.ts";
import type { Value } from "../../models/adapter/value.ts";
import { chunks } from "../cache/cached-labels.ts";
import type { FeatureStore } from "../cache/feature-store.ts";
import { DataError } from "../source/columns.ts";
import { inOrder, type Source } from "../source/source.ts";
import type { Views } from "../views/views.ts";
import { pieces } from "./pieces.ts";

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
              if (first + piece.from + view === 0 && !cut.rowwise)
                await assertAlone(cut, values, () => views(rowsAt0(rows.inputs), indices.subarray(0, 1), 0));
              await store.write(
                view * source.size + first + piece.from,
                values.filter((_, i) => valueAt(cut, i).source < 0),
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

function assertRows(values: readonly Value[], count: number, cut: CutModel): void {
  const wrong = values.findIndex(({ tensor }) => tensor.shape[0] !== count);
  if (wrong < 0) return;
  throw new DataError(
    `The trunk ends in \`${valueAt(cut, wrong).name}\`, which gives [${values[wrong]?.tensor.shape}] for ${count} examples.`,
    "Its output has not one row an example, so it cannot be cached: run with `cache: false`.",
  );
}

function rowsAt0(inputs: readonly tf.Tensor[]): tf.Tensor[] {
  return inputs.map((tensor) => tf.slice(tensor, 0, 1));
}

/** Beyond what other sums of the same numbers differ by, in half floats too. */
const ALONE = 1e-2;

/** What the trunk gives for the first example among others must be what it gives for it alone: that is what will be cached. */
async function assertAlone(cut: CutModel, values: readonly Value[], first: () => tf.Tensor[]): Promise<void> {
  if (values.every(({ tensor }) => tensor.shape[0] === 1)) return;
  const alone = runTrunk(cut, first());
  try {
    for (const [i, { tensor }] of values.entries()) {
      const off = tf.tidy(() => {
        const [among, by] = [tf.slice(tensor, 0, 1), (alone[i] as Value).tensor].map((t) => tf.cast(t, "float32"));
        const size = tf.max(tf.abs(by as tf.Tensor));
        return tf.div(tf.max(tf.abs(tf.sub(among as tf.Tensor, by as tf.Tensor))), tf.maximum(size, 1e-6));
      });
      const [share = 0] = await off.data();
      off.dispose();
      if (share <= ALONE || Number.isNaN(share)) continue;
      throw new DataError(
        `The trunk ends in \`${valueAt(cut, i).name}\`, whose output for an example depends on the others of its batch.`,
        "It cannot be cached: run with `cache: false`.",
      );
    }
  } finally {
    disposeValues(alone);
  }
}
