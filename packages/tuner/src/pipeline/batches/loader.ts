import type { CutModel } from "../../models/adapter/model-adapter.ts";
import type { Warn } from "../cache/cache-options.ts";
import { type Prefetched, prefetched } from "../prefetch/prefetch.ts";
import { rankShard, type Shard, wholeShard } from "../order/shards.ts";
import type { Source } from "../source/source.ts";
import { mixedBatches, mixes } from "../views/mixed-batches.ts";
import { augmentedViews, plainViews, type Views, withTypes } from "../views/views.ts";
import { type Batch, disposeBatch } from "./batch.ts";
import { batchAt, type CachedDataset, openDataset } from "./cached-dataset.ts";
import type { LoadedRun, LoaderOptions } from "./loaded-run.ts";

/** Gives the training data of one phase as batches of values at the cut, and the validation data. */
export interface Loader {
  /** Bytes of all cached data. */
  readonly bytes: number;
  /** Bytes of cached labels, included in `bytes`. Only labels of streams are cached. */
  readonly labelBytes: number;
  readonly validation: CachedDataset | undefined;
  /**
   * Loads the batches of one update: at most `accumulate`, from example `at` of the epoch on. The caller owns them. A rank may have none
   * in the last update of an epoch.
   */
  load(epoch: number, at: number): Promise<Batch[]>;
  /** Frees the batches prepared ahead and ends the stream. */
  close(): Promise<void>;
}

/** Opens the data for one phase. If the trunk's outputs are cached, runs the trunk. @param warn called if the cache cannot be written. */
export async function openLoader(run: LoadedRun, cut: CutModel, warn: Warn): Promise<Loader> {
  const { train, validation, options } = run;
  const { augment, shuffle, batchSize, accumulate, seed, collective } = options;
  const mixed = mixes(options) ? mixedBatches(options) : undefined;
  const augmented = augment.length > 0 ? augmentedViews(augment, seed) : plainViews;
  const shardOf = (source: Source, what: string): Shard =>
    collective ? rankShard(source, batchSize, collective, what) : wholeShard(source, batchSize);
  const shard = shardOf(train, "data");
  const numbered: Views = (inputs, indices, view) => augmented(inputs, shard.globalOf(indices), view);
  const views = withTypes(
    mixed ? (inputs, indices, view) => mixed.inputs(numbered(inputs, indices, view), view, indices) : numbered,
  );
  const trainSet = await openDataset(run, cut, shard, views, viewsToCache(options), "train", warn);
  const validationSet =
    validation && (await openDataset(run, cut, shardOf(validation, "validation"), plainViews, 1, "validation", warn));
  const each = batchSize * accumulate;
  async function* updates(epoch: number, at: number): AsyncGenerator<Batch[], void> {
    const { size } = train;
    const order = shard.order(seed, epoch, shuffle);
    const pass = trainSet.source.open(order, shard.batch(at)[0]);
    try {
      for (let from = at; from < size; from += each) {
        const batches: Batch[] = [];
        try {
          for (let first = from; first < Math.min(from + each, size); first += batchSize) {
            const indices = order.slice(...shard.batch(first));
            if (indices.length === 0) continue;
            const batch = await batchAt(trainSet, pass, indices, epoch);
            batches.push(mixed ? { ...batch, labels: mixed.labels(batch.labels, epoch, indices) } : batch);
          }
        } catch (error) {
          batches.forEach(disposeBatch);
          throw error;
        }
        yield batches;
      }
    } finally {
      await pass.close();
    }
  }
  let open: { readonly values: Prefetched<Batch[]>; readonly epoch: number; next: number } | undefined;
  const close = async (): Promise<void> => {
    await open?.values.close();
    open = undefined;
  };
  return {
    bytes: trainSet.features.bytes + (validationSet?.features.bytes ?? 0),
    labelBytes: trainSet.features.labelBytes + (validationSet?.features.labelBytes ?? 0),
    validation: validationSet,
    async load(epoch, at) {
      if (open?.epoch !== epoch || open.next !== at) {
        await close();
        // An epoch has no more steps than this, whatever the option says.
        const depth = Math.min(prefetchOf(options, trainSet.source), Math.ceil(train.size / each));
        open = {
          values: prefetched(updates(epoch, at), depth, (batches) => batches.forEach(disposeBatch)),
          epoch,
          next: at,
        };
      }
      open.next = at + each;
      return (await open.values.next()) ?? [];
    },
    close,
  };
}

/** Returns the number of updates to prepare ahead. Batches from memory need no time, so 0 suffices for them. */
export function prefetchOf({ prefetch, augment }: LoaderOptions, { buffer }: Source): number {
  return prefetch ?? (buffer !== undefined || augment.length > 0 ? 1 : 0);
}

/** Returns the number of views to cache; 0 if none. Mixed inputs are new every time, so mixing prevents caching. */
export function viewsToCache(options: LoaderOptions): number {
  if (mixes(options)) return 0;
  const { augment, views } = options;
  return augment.length > 0 ? (views ?? 0) : 1;
}
