import * as tf from "@tensorflow/tfjs-core";
import { inOrder } from "../data/source.ts";
import type { CutModel } from "../model/trainee.ts";
import { chunks } from "../trunk/labels.ts";
import type { Assembly } from "./assembly.ts";
import { disposeBatch } from "./batch.ts";
import { breathe } from "./breathe.ts";
import { measure, totalLoss } from "./forward.ts";
import { batchAt, type Seen } from "./seen.ts";
import { tally } from "./tally.ts";

/**
 * Loss and metrics of examples in inference mode, under tfjs's keys without the `val_`. Timers and the page get their turn
 * between batches. @throws the reason of `signal` once it is aborted.
 */
export async function evaluate(
  assembly: Assembly,
  cut: CutModel,
  seen: Seen,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, number>>> {
  const { plainLosses, metrics, batchSize, trainee } = assembly;
  const { size } = seen.source;
  const sums = tally(metrics, trainee.ports.outputNames);
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
      await breathe();
      signal?.throwIfAborted();
    }
    return await sums.finish();
  } finally {
    sums.dispose();
    await pass.close();
  }
}
