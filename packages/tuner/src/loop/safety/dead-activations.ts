import * as tf from "@tensorflow/tfjs-core";
import type { CutModel } from "../../models/adapter/model-adapter.ts";
import type { Batch } from "../../pipeline/batches/batch.ts";
import type { Assembly } from "../assembly/assembly.ts";
import { predict } from "../forward/forward.ts";
import { movingStatistics } from "./moving-statistics.ts";

/** Step after which the activations are looked at. */
const AFTER = 30;
/** A smaller batch may well have only zeros. */
const FEWEST = 8;

/** The parts of a run that the warning reads. */
interface Run {
  readonly assembly: Assembly;
  warn(line: string): void;
}

/**
 * Warns after 30 steps if a layer gives 0 for every example of a batch. Such a layer has no gradient and never recovers: a rate that was
 * too high has killed it, usually. Costs one forward pass.
 */
export async function warnDeadActivations(
  { assembly, warn }: Run,
  cut: CutModel,
  batch: Batch | undefined,
): Promise<void> {
  if (!batch || assembly.optimizer.step !== AFTER || batch.size < FEWEST) return;
  const places: string[] = [];
  const statistics = movingStatistics(assembly);
  const largest = tf.tidy(() => {
    const found: tf.Tensor[] = [];
    predict(assembly, cut, batch, 0, (place, outputs) => {
      for (const output of outputs) {
        if (output.dtype !== "float32" || output.size === 0) continue;
        places.push(place);
        found.push(tf.max(tf.abs(output)));
      }
    });
    return found.length > 0 ? tf.stack(found) : tf.zeros([0]);
  });
  statistics.putBack();
  statistics.dispose();
  const values = await largest.data();
  largest.dispose();
  const dead = places.find((_, i) => values[i] === 0);
  if (dead === undefined) return;
  warn(
    `After ${AFTER} steps every output of ${dead} is 0 for a batch of ${batch.size} examples, so nothing before it can learn. Start again with a learning rate that is 10 times lower.`,
  );
}
