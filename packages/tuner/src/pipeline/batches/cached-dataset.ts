import type { CutModel } from "../../models/adapter/model-adapter.ts";
import { UnwritableCache } from "../cache/block-files.ts";
import type { Warn } from "../cache/cache-options.ts";
import { cachedLabels } from "../cache/cached-labels.ts";
import { memoryStore } from "../cache/feature-store.ts";
import { openFeatureStore, unwritten } from "../cache/open-feature-store.ts";
import { yieldToEventLoop } from "../prefetch/yield-to-event-loop.ts";
import type { Pass, Source } from "../source/source.ts";
import { cached, type Features, uncached } from "../trunk/features.ts";
import type { Shard } from "../order/shards.ts";
import type { Views } from "../views/views.ts";
import type { Batch } from "./batch.ts";
import type { LoadedRun } from "./loaded-run.ts";

/** A data set with the values at the cut for each example, cached or computed on request. */
export interface CachedDataset {
  readonly source: Source;
  readonly features: Features;
}

/**
 * Opens a data set. Runs the trunk over all examples and caches its outputs, if that is possible and requested.
 *
 * @param shard the examples, and the number of their places in the batch.
 * @param kept number of views to cache per example; 0 if none can be cached.
 * @param what "train" or "validation", used in file names.
 * @param warn called if the cache cannot be written; the trunk then runs for every batch.
 */
export async function openDataset(
  { adapter, options }: Pick<LoadedRun, "options" | "adapter">,
  cut: CutModel,
  { source, places }: Pick<Shard, "source" | "places">,
  views: Views,
  kept: number,
  what: string,
  warn: Warn,
): Promise<CachedDataset> {
  const { batchSize, cache, signal, views: count } = options;
  const repeating: Views =
    count === undefined ? views : (inputs, indices, view) => views(inputs, indices, view % count);
  const uncachedSet: CachedDataset = { source, features: uncached(cut, repeating) };
  if (cache === false || cut.trunk.layers === 0 || kept === 0) return uncachedSet;
  const streamed = source.buffer !== undefined && cut.sources.every((input) => input < 0);
  const labels = streamed ? memoryStore(source.size) : undefined;
  const progress = async (): Promise<void> => {
    signal?.throwIfAborted();
    await yieldToEventLoop();
  };
  const store = await openFeatureStore(
    cache,
    source.size * kept,
    { adapter, cut, views, source, kept, what, places },
    warn,
    progress,
  );
  try {
    const features = await cached(cut, views, { source, count: kept, batchSize, store, labels, progress });
    return { source: labels ? cachedLabels(source, labels) : source, features };
  } catch (error) {
    if (!(error instanceof UnwritableCache)) throw error;
    warn(unwritten(error.where, error, "without a cache"), error.where);
    return uncachedSet;
  }
}

/** Reads the next examples of `pass`, at `indices`, as a batch. The caller owns the tensors. */
export async function batchAt(
  { features }: CachedDataset,
  pass: Pass,
  indices: Int32Array,
  view: number,
): Promise<Batch> {
  const { inputs, labels } = await pass.take(indices, features.needsInputs);
  return { values: await features.batch(inputs, indices, view), labels, size: indices.length };
}
