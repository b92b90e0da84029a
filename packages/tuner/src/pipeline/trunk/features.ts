import * as tf from "@tensorflow/tfjs-core";
import { type CutModel, valueAt } from "../../models/adapter/model-adapter.ts";
import type { Value } from "../../models/adapter/value.ts";
import { chunks } from "../cache/cached-labels.ts";
import type { FeatureStore } from "../cache/feature-store.ts";
import { DataError } from "../data-error.ts";
import { inOrder, type Source } from "../source/source.ts";
import type { Views } from "../views/views.ts";
import { pieces } from "./pieces.ts";

/** Gives the values at the cut for examples and views. */
export interface Features {
  /** Bytes of cached data. */
  readonly bytes: number;
  /** Bytes of cached labels, included in `bytes`. */
  readonly labelBytes: number;
  /** Whether `batch` needs the examples' inputs. */
  readonly needsInputs: boolean;
  /** Returns the values of some examples; the caller owns them. Disposes `inputs`, which may be empty if they are not needed. */
  batch(inputs: tf.Tensor[], indices: Int32Array, view: number): Promise<Value[]>;
}

/** Runs the trunk for every batch, without recording gradients. Used if no view occurs twice, or if the cache is turned off. */
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
  /** Number of views per example. View v of example i is row v · size + i. */
  readonly count: number;
  readonly batchSize: number;
  readonly store: FeatureStore;
  /** Stores the labels too, if the source does not keep them in memory. */
  readonly labels: FeatureStore | undefined;
  readonly progress?: () => Promise<void> | void;
}

/**
 * Runs the trunk once for every example and view, in batches, and stores its outputs.
 *
 * @throws DataError if a value at the cut does not have one row per example, or depends on other examples of its batch.
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
      const firstRow = (view % count) * source.size;
      const stored = await store.read(indices.map((index) => firstRow + index));
      if (inputs.length === 0) return stored;
      const viewed = views(inputs, indices, view % count);
      const used = new Set<tf.Tensor>();
      const values = cut.sources.map((source) => {
        if (source < 0) return stored.shift() as Value;
        used.add(viewed[source] as tf.Tensor);
        return { tensor: viewed[source] as tf.Tensor, mask: null };
      });
      tf.dispose(viewed.filter((tensor) => !used.has(tensor)));
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
          for (const piece of pieces(rows.inputs, indices, cut.fixedBatch)) {
            const values = runTrunk(cut, views(piece.inputs, piece.indices, view));
            try {
              assertRows(values, piece.indices.length, cut);
              if (first + piece.from + view === 0 && !cut.rowwise)
                await assertAlone(cut, values, (copies) =>
                  views(firstRow(rows.inputs, copies), new Int32Array(copies).fill(first), 0),
                );
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

/** Runs the trunk without recording gradients. Frees every tensor that it does not return, inputs included. */
function runTrunk(cut: CutModel, inputs: readonly tf.Tensor[]): Value[] {
  const values = tf.tidy((() => cut.runTrunk(inputs)) as () => never) as Value[];
  const live = new Set(values.map(({ tensor }) => tensor));
  for (const tensor of inputs) if (!live.has(tensor)) tensor.dispose();
  return values;
}

/** Frees the tensors and masks of values. */
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
    "Only outputs with one row per example can be cached. Run with `cache: false`.",
  );
}

/** Repeats the first row of each input. */
function firstRow(inputs: readonly tf.Tensor[], copies: number): tf.Tensor[] {
  return inputs.map((tensor) =>
    tf.tidy(() => tf.tile(tf.slice(tensor, 0, 1), [copies, ...tensor.shape.slice(1).map(() => 1)])),
  );
}

/** Relative tolerance, above the differences that another order of summation causes, even in float16. */
const ALONE = 1e-2;

/**
 * Checks that the trunk's output for the first example is the same without the other examples. Only then may it be cached.
 *
 * @param first gives copies of the first example.
 */
async function assertAlone(
  cut: CutModel,
  values: readonly Value[],
  first: (copies: number) => tf.Tensor[],
): Promise<void> {
  if (values.every(({ tensor }) => tensor.shape[0] === 1)) return;
  const single = runTrunk(cut, first(cut.fixedBatch ?? 1));
  try {
    for (const [i, { tensor }] of values.entries()) {
      const off = tf.tidy(() => {
        const [batched, expected] = [tensor, (single[i] as Value).tensor].map((t) =>
          tf.cast(tf.slice(t, 0, 1), "float32"),
        );
        const size = tf.max(tf.abs(expected as tf.Tensor));
        return tf.div(tf.max(tf.abs(tf.sub(batched as tf.Tensor, expected as tf.Tensor))), tf.maximum(size, 1e-6));
      });
      const [share = 0] = await off.data();
      off.dispose();
      if (share <= ALONE || Number.isNaN(share)) continue;
      throw new DataError(
        `The trunk ends in \`${valueAt(cut, i).name}\`, whose output for an example depends on other examples of the batch.`,
        "Such outputs cannot be cached. Run with `cache: false`.",
      );
    }
  } finally {
    disposeValues(single);
  }
}
