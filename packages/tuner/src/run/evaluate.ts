import * as tf from "@tensorflow/tfjs-core";
import type { Columns } from "../data/columns.ts";
import { rows } from "../data/columns.ts";
import { meanLoss } from "../loss/loss.ts";
import { disposeValues, type Features } from "../trunk/features.ts";
import type { Assembly } from "./assembly.ts";
import { tally } from "./tally.ts";

/** Loss and metrics of `columns` in inference mode, under tfjs's keys without the `val_`. */
export async function evaluate(
  assembly: Assembly,
  features: Features,
  { labels, size }: Columns,
): Promise<Readonly<Record<string, number>>> {
  const { cut, losses, metrics, batchSize, trainee } = assembly;
  const sums = tally(metrics, trainee.ports.outputNames);
  for (let first = 0; first < size; first += batchSize) {
    const indices = Int32Array.from({ length: Math.min(batchSize, size - first) }, (_, i) => first + i);
    const values = await features.batch(indices);
    const truth = rows(labels, indices);
    const outcome = tf.tidy(() => {
      const outputs = cut.runTail(values, false);
      const parts = losses.map((loss, i) => meanLoss(loss, truth[i] as tf.Tensor, outputs[i] as tf.Tensor));
      return {
        loss: tf.addN([...parts, ...cut.penalties()]) as tf.Scalar,
        metrics: outputs.flatMap((output, i) => metrics.map((metric) => metric.update(truth[i] as tf.Tensor, output))),
      };
    });
    sums.add(outcome, indices.length);
    disposeValues(values);
    tf.dispose(truth);
  }
  return sums.finish();
}
