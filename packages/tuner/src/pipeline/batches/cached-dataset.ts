import type { CutModel } from "../../models/adapter/model-adapter.ts";
import { UnwritableCache } from "../cache/block-files.ts";
import type { Warn } from "../cache/cache-options.ts";
import { cachedLabels } from "../cache/cached-labels.ts";
import { memoryStore } from "../cache/feature-store.ts";
import { openFeatureStore, unwritten } from "../cache/open-feature-store.ts";
import { yieldToEventLoop } from "../prefetch/yield-to-event-loop.ts";
import type { Pass, Source } from "../source/source.ts";
import { cached, type Features, uncached } from "../trunk/features.ts";
import type { Views } from "../views/views.ts";
import type { Batch } from "./batch.ts";
import type { LoadedRun } from "./loaded-run.ts";
import type { LoaderOptions } from "./loader-options.ts";

/** Examples as a cut model sees them. */
export interface CachedDataset {
  readonly source: Source;
  readonly features: Features;
}

/**
 * @param kept views to be cached; 0 where none can be.
 * @param what the examples' part in the run, for a file's name.
 * @param warn hears of a cache that cannot be written.
 */
export async function openDataset(
  { batchSize, adapter }: Pick<LoadedRun, "batchSize" | "adapter">,
  cut: CutModel,
  source: Source,
  { cache = "memory", signal, views: count }: LoaderOptions,
  views: Views,
  kept: number,
  what: string,
  warn: Warn,
): Promise<CachedDataset> {
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
    { adapter, cut, views, source, kept, what },
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

/** The examples at `indices`, which follow in the order of `pass`. The tensors are the caller's. */
export async function batchAt(
  { features }: CachedDataset,
  pass: Pass,
  indices: Int32Array,
  view: number,
): Promise<Batch> {
  const { inputs, labels } = await pass.take(indices, features.needsInputs);
  return { values: await features.batch(inputs, indices, view), labels, size: indices.length };
}
