import * as tf from "@tensorflow/tfjs-core";
import type { Columns } from "../data/columns.ts";
import { rows } from "../data/columns.ts";
import type { CutModel } from "../model/trainee.ts";
import { disposeValues, type Features } from "../trunk/features.ts";
import type { Assembly } from "./assembly.ts";
import { measure, totalLoss } from "./forward.ts";
import { tally } from "./tally.ts";

/** Loss and metrics of `columns` in inference mode, under tfjs's keys without the `val_`. */
export async function evaluate(
  assembly: Assembly,
  cut: CutModel,
  features: Features,
  { labels, size }: Columns,
): Promise<Readonly<Record<string, number>>> {
  const { plainLosses, metrics, batchSize, trainee } = assembly;
  const sums = tally(metrics, trainee.ports.outputNames);
  for (let first = 0; first < size; first += batchSize) {
    const indices = Int32Array.from({ length: Math.min(batchSize, size - first) }, (_, i) => first + i);
    const values = await features.batch(indices, 0);
    const batch = { values, labels: rows(labels, indices), size: indices.length };
    const outcome = tf.tidy(() => {
      const outputs = cut.runTail(values, false);
      return { loss: totalLoss(plainLosses, cut, batch, outputs), metrics: measure(assembly, batch, outputs) };
    });
    sums.add(outcome, indices.length);
    disposeValues(values);
    tf.dispose(batch.labels);
  }
  return sums.finish();
}
