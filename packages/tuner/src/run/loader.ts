import * as tf from "@tensorflow/tfjs-core";
import { mixup } from "../augment/mixup.ts";
import { rows } from "../data/columns.ts";
import type { CutModel } from "../model/trainee.ts";
import { epochOrder } from "../random/epoch-order.ts";
import { seeded } from "../random/random.ts";
import { cached, type Features, uncached } from "../trunk/features.ts";
import { openStore } from "../trunk/open-store.ts";
import { augmentedViews, plainViews, type Views } from "../trunk/views.ts";
import type { Assembly } from "./assembly.ts";
import type { Batch } from "./batch.ts";
import { breathe } from "./breathe.ts";
import type { FineTuneOptions } from "./options.ts";

/** The training data as batches at the cut of one phase, and the validation data beside it. */
export interface Loader {
  readonly bytes: number;
  readonly validation: Features | undefined;
  /** The batches of one update: `accumulate` of them, from example `at` of the epoch on. */
  load(epoch: number, at: number): Promise<Batch[]>;
}

/** Runs the trunk of `cut` where its outputs are to be cached. */
export async function openLoader(assembly: Assembly, cut: CutModel, options: FineTuneOptions): Promise<Loader> {
  const { train, validation, batchSize, accumulate, seed } = assembly;
  const { augment = [], mixup: alpha = 0, shuffle = true } = options;
  const seenAs = augment.length > 0 ? augmentedViews(train, augment, seed) : plainViews(train);
  const views = alpha > 0 ? mixedViews(seenAs, alpha, seed) : seenAs;
  const features = await featuresOf(assembly, cut, options, views, train.size, viewsToCache(options), "train");
  const seen =
    validation && (await featuresOf(assembly, cut, options, plainViews(validation), validation.size, 1, "validation"));
  return {
    bytes: features.bytes + (seen?.bytes ?? 0),
    validation: seen,
    async load(epoch, at) {
      const order = shuffle
        ? epochOrder(seed, epoch, train.size)
        : Int32Array.from({ length: train.size }, (_, i) => i);
      const batches: Batch[] = [];
      const end = Math.min(at + batchSize * accumulate, train.size);
      for (let first = at; first < end; first += batchSize) {
        const indices = order.slice(first, Math.min(first + batchSize, end));
        const labels = rows(train.labels, indices);
        const values = await features.batch(indices, epoch);
        batches.push({
          values,
          labels: alpha > 0 ? mixed(labels, alpha, seed, epoch, indices) : labels,
          size: indices.length,
        });
      }
      return batches;
    },
  };
}

/** Mixed inputs are new every time, so with mixup nothing of the trunk can be kept. 0 stands for none. */
function viewsToCache({ augment = [], views, mixup: alpha = 0 }: FineTuneOptions): number {
  if (alpha > 0) return 0;
  return augment.length > 0 ? (views ?? 0) : 1;
}

async function featuresOf(
  { batchSize, trainee }: Assembly,
  cut: CutModel,
  { cache = "memory", signal, views: count }: FineTuneOptions,
  views: Views,
  size: number,
  kept: number,
  what: string,
): Promise<Features> {
  const repeating = count === undefined ? views : (indices: Int32Array, view: number) => views(indices, view % count);
  if (cache === false || cut.trunk.layers === 0 || kept === 0) return uncached(cut, repeating);
  const store = await openStore(cache, size * kept, { trainee, cut, views, size, kept, what });
  const progress = async (): Promise<void> => {
    signal?.throwIfAborted();
    await breathe();
  };
  return cached(cut, views, { size, count: kept, batchSize, store, progress });
}

/** Inputs and labels of a batch are mixed by two equal generators. */
function mixedViews(views: Views, alpha: number, seed: number): Views {
  return (indices, view) => mixed(views(indices, view), alpha, seed, view, indices);
}

function mixed(tensors: tf.Tensor[], alpha: number, seed: number, epoch: number, indices: Int32Array): tf.Tensor[] {
  const made = mixup(tensors, alpha, seeded(seed, "mixup", epoch, indices[0] ?? 0));
  tf.dispose(tensors);
  return made;
}
