import * as tf from "@tensorflow/tfjs-core";
import type { CutModel } from "../../models/adapter/model-adapter.ts";
import { type Batch, disposeBatch } from "../../pipeline/batches/batch.ts";
import { batchAt, type CachedDataset } from "../../pipeline/batches/cached-dataset.ts";
import { chunks } from "../../pipeline/cache/cached-labels.ts";
import { yieldToEventLoop } from "../../pipeline/prefetch/yield-to-event-loop.ts";
import { sharedSums } from "./shared-sums.ts";
import { inOrder } from "../../pipeline/source/source.ts";
import type { Assembly } from "../assembly/assembly.ts";
import { measure, totalLoss } from "../forward/forward.ts";
import { metricSums } from "./metric-sums.ts";

/**
 * Computes loss and metrics of examples in inference mode, under tfjs's keys without `val_`. Timers and the page can run between
 * batches. @throws the reason of `signal` if it is aborted
 */
export async function evaluate(
  assembly: Assembly,
  cut: CutModel,
  seen: CachedDataset,
): Promise<Readonly<Record<string, number>>> {
  const { plainLosses: losses, lossWeights, metrics, adapter } = assembly;
  const { collective } = assembly.options;
  const own = metricSums(metrics, adapter.ports.outputNames);
  const sums = collective ? sharedSums(own, collective) : own;
  try {
    await eachBatch(assembly, seen, async (batch) => {
      const outcome = tf.tidy(() => {
        const outputs = cut.runTail(batch.values, false);
        const each: tf.Scalar[] = [];
        const loss = totalLoss({ losses, lossWeights }, cut, batch, outputs, each);
        return { loss, each, metrics: measure(assembly, batch, outputs) };
      });
      sums.add(outcome, batch.size);
      return false;
    });
    return await sums.finish();
  } finally {
    sums.dispose();
  }
}

/** Finds the first batch of examples whose loss is not finite. Returns undefined if there is none: then only a metric is not finite. */
export async function nonFiniteExamples(
  assembly: Assembly,
  cut: CutModel,
  seen: CachedDataset,
): Promise<{ readonly first: number; readonly last: number } | undefined> {
  const { plainLosses: losses, lossWeights } = assembly;
  let found: { readonly first: number; readonly last: number } | undefined;
  let first = 0;
  await eachBatch(assembly, seen, async (batch) => {
    const loss = tf.tidy(() => totalLoss({ losses, lossWeights }, cut, batch, cut.runTail(batch.values, false)));
    const value = (await loss.data())[0] as number;
    loss.dispose();
    if (!Number.isFinite(value)) found = { first, last: first + batch.size - 1 };
    first += batch.size;
    return found !== undefined;
  });
  return found;
}

/** Calls `use` with each batch in order, until it returns true. */
async function eachBatch(
  { options: { batchSize, signal } }: Assembly,
  seen: CachedDataset,
  use: (batch: Batch) => Promise<boolean>,
): Promise<void> {
  const { size } = seen.source;
  const pass = seen.source.open(inOrder(size));
  try {
    for (const indices of chunks(size, batchSize)) {
      const batch = await batchAt(seen, pass, indices, 0);
      try {
        if (await use(batch)) return;
      } finally {
        disposeBatch(batch);
      }
      await yieldToEventLoop();
      signal?.throwIfAborted();
    }
  } finally {
    await pass.close();
  }
}
