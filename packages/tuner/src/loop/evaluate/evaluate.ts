import * as tf from "@tensorflow/tfjs-core";
import type { CutModel } from "../../models/adapter/model-adapter.ts";
import { disposeBatch } from "../../pipeline/batches/batch.ts";
import { batchAt, type CachedDataset } from "../../pipeline/batches/cached-dataset.ts";
import { chunks } from "../../pipeline/cache/cached-labels.ts";
import { yieldToEventLoop } from "../../pipeline/prefetch/yield-to-event-loop.ts";
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
  const { plainLosses, metrics, adapter } = assembly;
  const { batchSize, signal } = assembly.options;
  const { size } = seen.source;
  const sums = metricSums(metrics, adapter.ports.outputNames);
  const pass = seen.source.open(inOrder(size));
  try {
    for (const indices of chunks(size, batchSize)) {
      const batch = await batchAt(seen, pass, indices, 0);
      try {
        const outcome = tf.tidy(() => {
          const outputs = cut.runTail(batch.values, false);
          const each: tf.Scalar[] = [];
          const loss = totalLoss(plainLosses, cut, batch, outputs, each);
          return { loss, each, metrics: measure(assembly, batch, outputs) };
        });
        sums.add(outcome, batch.size);
      } finally {
        disposeBatch(batch);
      }
      await yieldToEventLoop();
      signal?.throwIfAborted();
    }
    return await sums.finish();
  } finally {
    sums.dispose();
    await pass.close();
  }
}
