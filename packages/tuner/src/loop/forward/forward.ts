import * as tf from "@tensorflow/tfjs-core";
import { type LossFunction, meanLoss } from "../../losses/loss.ts";
import type { CutModel, Note } from "../../models/adapter/model-adapter.ts";
import type { Batch } from "../../pipeline/batches/batch.ts";
import { seeded, withRandom } from "../../random/random.ts";
import type { Assembly } from "../assembly/assembly.ts";

/**
 * Predicts in training mode. Dropout and noise are functions of seed, step and micro-batch. So a resumed run needs no state of a
 * random generator, and all tasks of a step see the same network.
 */
export function predict(
  { options: { seed, collective }, optimizer, noisy }: Assembly,
  cut: CutModel,
  batch: Batch,
  micro: number,
  note?: Note,
): tf.Tensor[] {
  const { active, step } = optimizer;
  // Each rank has other examples, so their dropout differs too.
  const rank = collective && collective.rank > 0 ? [collective.rank] : [];
  const forward = (): tf.Tensor[] =>
    withRandom(seeded(seed, "step", step, micro, ...rank), () => cut.runTail(batch.values, true, note));
  return noisy ? noisy(active, step, micro, forward) : forward();
}

/** The losses of a run, and their factors in the sum. */
export interface SummedLosses {
  readonly losses: readonly LossFunction[];
  readonly lossWeights: readonly number[];
}

/**
 * Computes the sum of the outputs' mean losses, each times its weight, and of the regularizers, as Keras and stock `fit` do.
 *
 * @param each receives the loss of each output without its weight, if there are several. The tensors belong to the tidy of the caller.
 */
export function totalLoss(
  { losses, lossWeights }: SummedLosses,
  cut: CutModel,
  batch: Pick<Batch, "labels">,
  outputs: readonly tf.Tensor[],
  each?: tf.Scalar[],
): tf.Scalar {
  const parts = losses.map((_, i) => outputLoss(losses, batch, outputs, i));
  if (parts.length > 1) each?.push(...parts);
  return tf.addN([...parts.map((part, i) => scaled(part, lossWeights[i])), ...cut.penalties()]) as tf.Scalar;
}

/** Computes the mean loss of output `i` over a batch. The weights of the examples, if there are any, follow the labels of the outputs. */
export function outputLoss(
  losses: readonly LossFunction[],
  { labels }: Pick<Batch, "labels">,
  outputs: readonly tf.Tensor[],
  i: number,
): tf.Scalar {
  return meanLoss(losses[i] as LossFunction, labels[i] as tf.Tensor, outputs[i] as tf.Tensor, labels[losses.length]);
}

/** Multiplies a loss by its weight. */
export function scaled(loss: tf.Scalar, weight = 1): tf.Scalar {
  return weight === 1 ? loss : (tf.mul(loss, weight) as tf.Scalar);
}

/** Computes the statistics of the metrics. The tensors are kept; if a metric throws, all of them are freed. */
export function measure(
  { metrics, lossDefinitions }: Assembly,
  { labels }: Batch,
  outputs: readonly tf.Tensor[],
): tf.Tensor[] {
  const statistics = tf.tidy(() =>
    outputs.flatMap((output, i) =>
      (metrics[i] ?? []).map((metric) =>
        tf.tidy(() => {
          const toProbabilities = metric.reads === "probabilities" ? lossDefinitions[i]?.probabilities : undefined;
          const read = toProbabilities ? toProbabilities(output) : output;
          return metric.update(labels[i] as tf.Tensor, read);
        }),
      ),
    ),
  );
  return statistics.map((tensor) => tf.keep(tensor));
}
