import type { Pass, Source } from "../data/source.ts";
import type { CutModel } from "../model/trainee.ts";
import { cached, type Features, uncached } from "../trunk/features.ts";
import { keptLabels } from "../trunk/labels.ts";
import { UnwritableCache } from "../trunk/block-files.ts";
import type { Warn } from "../trunk/cache-options.ts";
import { openStore, unwritten } from "../trunk/open-store.ts";
import { memoryStore } from "../trunk/store.ts";
import type { Views } from "../trunk/views.ts";
import type { Assembly } from "./assembly.ts";
import type { Batch } from "./batch.ts";
import { breathe } from "./breathe.ts";
import type { FineTuneOptions } from "./options.ts";

/** Examples as a cut model sees them. */
export interface Seen {
  readonly source: Source;
  readonly features: Features;
}

/**
 * @param kept views to be cached; 0 where none can be.
 * @param what the examples' part in the run, for a file's name.
 * @param warn hears of a cache that cannot be written.
 */
export async function seenBy(
  { batchSize, trainee }: Assembly,
  cut: CutModel,
  source: Source,
  { cache = "memory", signal, views: count }: FineTuneOptions,
  views: Views,
  kept: number,
  what: string,
  warn: Warn,
): Promise<Seen> {
  const repeating: Views =
    count === undefined ? views : (inputs, indices, view) => views(inputs, indices, view % count);
  const anew: Seen = { source, features: uncached(cut, repeating) };
  if (cache === false || cut.trunk.layers === 0 || kept === 0) return anew;
  const streamed = source.buffer !== undefined && cut.sources.every((input) => input < 0);
  const labels = streamed ? memoryStore(source.size) : undefined;
  const progress = async (): Promise<void> => {
    signal?.throwIfAborted();
    await breathe();
  };
  const store = await openStore(cache, source.size * kept, { trainee, cut, views, source, kept, what }, warn, progress);
  try {
    const features = await cached(cut, views, { source, count: kept, batchSize, store, labels, progress });
    return { source: labels ? keptLabels(source, labels) : source, features };
  } catch (error) {
    if (!(error instanceof UnwritableCache)) throw error;
    warn(unwritten(error.where, error, "without a cache"), error.where);
    return anew;
  }
}

/** The examples at `indices`, which follow in the order of `pass`. The tensors are the caller's. */
export async function batchAt({ features }: Seen, pass: Pass, indices: Int32Array, view: number): Promise<Batch> {
  const { inputs, labels } = await pass.take(indices, features.needsInputs);
  return { values: await features.batch(inputs, indices, view), labels, size: indices.length };
}
