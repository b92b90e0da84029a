import { type AnyCombiner, type TaskTrainer, type TensorMap, taskTrainer } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { meanLoss } from "../loss/loss.ts";
import type { Value } from "../model/execute.ts";
import { seeded, withRandom } from "../random/random.ts";
import type { Assembly } from "./assembly.ts";

/** A batch at the cut. */
export interface Batch {
  readonly values: readonly Value[];
  readonly labels: readonly tf.Tensor[];
  readonly size: number;
}

/** What a batch gave. The tensors are the caller's. */
export interface BatchOutcome {
  readonly loss: tf.Scalar;
  /** The metrics' statistics: of each output in turn, of each metric in turn. */
  readonly metrics: readonly tf.Tensor[];
}

/** Takes steps over a cut model. */
export interface Stepper {
  /** One update from one batch, or from several whose gradients are averaged by their sizes. */
  step(batches: readonly Batch[]): Promise<readonly BatchOutcome[]>;
  /** Bytes of all tensors alive at the end of the largest forward pass so far. */
  readonly peakBytes: number;
  dispose(): void;
}

export function stepper(assembly: Assembly, combiner: AnyCombiner | undefined): Stepper {
  const { optimizer, cut, losses, trainee, seed, statistics } = assembly;
  const trainer: TaskTrainer | undefined =
    combiner && taskTrainer({ optimizer, combiner, statistics: statistics.map(({ variable }) => variable) });
  let peakBytes = 0;

  // A step's dropout is a function of the seed and the step: resuming needs no generator, and every task sees one network.
  const forward = (batch: Batch, micro: number): tf.Tensor[] =>
    withRandom(seeded(seed, "step", optimizer.step, micro), () => cut.runTail(batch.values, true));

  const measured = (outputs: readonly tf.Tensor[], { labels }: Batch): tf.Tensor[] =>
    outputs.flatMap((output, i) =>
      assembly.metrics.map((metric) => tf.keep(tf.tidy(() => metric.update(labels[i] as tf.Tensor, output)))),
    );

  const total = (outputs: readonly tf.Tensor[], { labels }: Batch): tf.Scalar => {
    const parts = losses.map((loss, i) => meanLoss(loss, labels[i] as tf.Tensor, outputs[i] as tf.Tensor));
    return tf.addN([...parts, ...cut.penalties()]) as tf.Scalar;
  };

  function gradients(batch: Batch, micro: number): { outcome: BatchOutcome; grads: TensorMap } {
    let metrics: tf.Tensor[] = [];
    const { value, grads } = optimizer.computeGradients(() => {
      const outputs = forward(batch, micro);
      const loss = total(outputs, batch);
      metrics = measured(outputs, batch);
      peakBytes = Math.max(peakBytes, tf.memory().numBytes);
      return loss;
    });
    const byName = Object.fromEntries(
      optimizer.active.flatMap(({ name, variable }) => {
        const grad = grads[variable.name];
        return grad ? [[name, grad] as const] : [];
      }),
    );
    return { outcome: { loss: value, metrics }, grads: byName };
  }

  async function combined(batch: Batch): Promise<BatchOutcome> {
    let metrics: readonly tf.Tensor[] = [];
    const names = trainee.ports.outputNames;
    const byTask = Object.fromEntries(
      names.map((name, task) => [
        name,
        () => {
          const outputs = forward(batch, 0);
          if (task === 0) metrics = measured(outputs, batch);
          peakBytes = Math.max(peakBytes, tf.memory().numBytes);
          const loss = meanLoss(
            losses[task] as (typeof losses)[number],
            batch.labels[task] as tf.Tensor,
            outputs[task] as tf.Tensor,
          );
          return task === 0 ? (tf.addN([loss, ...cut.penalties()]) as tf.Scalar) : loss;
        },
      ]),
    );
    const values = Object.values(await (trainer as TaskTrainer).step(byTask));
    const loss = tf.tidy(() => tf.addN(values) as tf.Scalar);
    tf.dispose(values);
    return { loss, metrics };
  }

  return {
    get peakBytes() {
      return peakBytes;
    },
    async step(batches) {
      if (trainer) return [await combined(batches[0] as Batch)];
      const outcomes: BatchOutcome[] = [];
      let sum: TensorMap | undefined;
      let examples = 0;
      for (const [micro, batch] of batches.entries()) {
        const { outcome, grads } = gradients(batch, micro);
        outcomes.push(outcome);
        sum = batches.length === 1 ? grads : addScaled(sum, grads, batch.size);
        examples += batch.size;
      }
      const mean = batches.length === 1 ? (sum as TensorMap) : scaled(sum as TensorMap, 1 / examples);
      try {
        optimizer.applyNamed(mean, outcomes.at(-1)?.loss);
      } finally {
        tf.dispose(mean as tf.NamedTensorMap);
      }
      return outcomes;
    },
    dispose() {
      trainer?.dispose();
    },
  };
}

function addScaled(sum: TensorMap | undefined, grads: TensorMap, by: number): TensorMap {
  const next = tf.tidy(
    () =>
      Object.fromEntries(
        Object.entries(grads).map(([name, grad]) => {
          const part = tf.mul(grad, by);
          const before = sum?.[name];
          return [name, before ? tf.add(before, part) : part];
        }),
      ) as tf.NamedTensorMap,
  );
  tf.dispose([grads as tf.NamedTensorMap, (sum ?? {}) as tf.NamedTensorMap]);
  return next;
}

function scaled(sum: TensorMap, by: number): TensorMap {
  return addScaled(undefined, sum, by);
}
