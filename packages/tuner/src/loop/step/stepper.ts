import { NonFiniteError, type TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { averageStep } from "./average-step.ts";
import type { CutModel } from "../../models/adapter/model-adapter.ts";
import type { Batch } from "../../pipeline/batches/batch.ts";
import type { Assembly } from "../assembly/assembly.ts";
import { type BatchOutcome, disposeOutcome } from "../forward/batch-outcome.ts";
import { measure, predict, totalLoss } from "../forward/forward.ts";
import type { BadStep, Guard, Inspected } from "../safety/guard.ts";
import { guardedStep } from "../safety/guarded-step.ts";
import { type MovingStatistics, movingStatistics } from "../safety/moving-statistics.ts";
import { climb, parseSam } from "../../sharpness/sam.ts";
import type { CombinedStep } from "./combined-step.ts";
import { explained } from "./explain-error.ts";

/** The result of a step. */
export interface StepOutcome {
  /** Mean loss of the step's examples. */
  readonly loss: number;
  readonly batches: readonly BatchOutcome[];
  /** Set if the loss or the gradient was bad. The weights are then unchanged. */
  readonly bad: BadStep | undefined;
}

/** Trains a cut model step by step. */
export interface Stepper {
  /** Applies one update from one batch, or from several whose gradients are averaged by batch size, over all ranks too. */
  step(cut: CutModel, batches: readonly Batch[]): Promise<StepOutcome>;
  /** Bytes of all tensors at the end of the largest forward pass so far, the tape included. */
  readonly forwardBytes: number;
}

/** Loss and gradients of a step, averaged over its batches and over all ranks. The tensors belong to the caller. */
interface Pass {
  readonly outcomes: readonly BatchOutcome[];
  readonly loss: tf.Scalar;
  readonly grads: TensorMap;
}

export function stepper(assembly: Assembly, guard: Guard, combined: CombinedStep | undefined): Stepper {
  const { optimizer } = assembly;
  const { batchSize, accumulate, collective } = assembly.options;
  const sam = assembly.options.sam === undefined ? undefined : parseSam(assembly.options.sam);
  const guarded = guardedStep(assembly, guard);
  let forwardBytes = 0;
  const noteForward = (): void => {
    forwardBytes = Math.max(forwardBytes, tf.memory().numBytes);
  };

  function gradients(cut: CutModel, batch: Batch, micro: number): { outcome: BatchOutcome; grads: TensorMap } {
    let metrics: tf.Tensor[] = [];
    const each: tf.Scalar[] = [];
    try {
      const { value, grads } = optimizer.computeGradients(() => {
        const outputs = predict(assembly, cut, batch, micro);
        const loss = totalLoss(assembly, cut, batch, outputs, each);
        metrics = measure(assembly, batch, outputs);
        for (const part of each) tf.keep(part);
        noteForward();
        return loss;
      });
      const byName = optimizer.active.flatMap(({ name, variable }) => {
        const grad = grads[variable.name];
        return grad ? [[name, grad] as const] : [];
      });
      return { outcome: { loss: value, each, metrics }, grads: Object.fromEntries(byName) };
    } catch (error) {
      tf.dispose([...metrics, ...each]);
      throw explained(error);
    }
  }

  /** @param agreement gets the votes of the ranks. Leave it out in a second pass of the same step, which would count them twice. */
  async function pass(cut: CutModel, batches: readonly Batch[], agreement?: Assembly["agreement"]): Promise<Pass> {
    const outcomes: BatchOutcome[] = [];
    let mean: TensorMap = {};
    let loss: tf.Scalar | undefined;
    try {
      const examples = batches.reduce((sum, { size }) => sum + size, 0);
      for (const [micro, batch] of batches.entries()) {
        const { outcome, grads } = gradients(cut, batch, micro);
        outcomes.push(outcome);
        mean = batches.length === 1 ? grads : addShare(mean, grads, batch.size / examples);
      }
      if (batches.length > 0)
        loss = tf.tidy(
          () =>
            tf.addN(outcomes.map(({ loss }, i) => tf.mul(loss, (batches[i] as Batch).size / examples))) as tf.Scalar,
        );
      if (collective && collective.size > 1) {
        const part = { share: examples / (batchSize * accumulate), loss, grads: mean };
        const average = await averageStep(collective, agreement, optimizer.active, part);
        tf.dispose([mean as tf.NamedTensorMap, loss ?? []]);
        ({ loss, grads: mean } = average);
      }
      return { outcomes, loss: loss as tf.Scalar, grads: mean };
    } catch (error) {
      outcomes.forEach(disposeOutcome);
      tf.dispose([mean as tf.NamedTensorMap, loss ?? []]);
      throw error;
    }
  }

  /** Returns the gradients at the weights to which `sam` climbs. Weights, statistics and states are afterwards those of the first pass. */
  async function gradientsUphill(
    cut: CutModel,
    batches: readonly Batch[],
    first: Pass,
    before: MovingStatistics,
    options: NonNullable<typeof sam>,
  ): Promise<TensorMap> {
    const after = movingStatistics(assembly);
    before.putBack();
    const restore = climb(optimizer.active, first.grads, options);
    try {
      const { outcomes, loss, grads } = await pass(cut, batches);
      outcomes.forEach(disposeOutcome);
      loss.dispose();
      return grads;
    } finally {
      restore();
      after.putBack();
      after.dispose();
    }
  }

  async function summed(cut: CutModel, batches: readonly Batch[], before: MovingStatistics): Promise<StepOutcome> {
    const first = await pass(cut, batches, assembly.agreement);
    let uphill: TensorMap | undefined;
    try {
      uphill = sam && (await gradientsUphill(cut, batches, first, before, sam));
      const seen = await guarded(first.loss, uphill ?? first.grads);
      return { loss: seen.loss, batches: first.outcomes, bad: seen.bad };
    } catch (error) {
      first.outcomes.forEach(disposeOutcome);
      throw error;
    } finally {
      tf.dispose([first.loss, first.grads as tf.NamedTensorMap, (uphill ?? {}) as tf.NamedTensorMap]);
    }
  }

  async function merged(combined: CombinedStep, cut: CutModel, batch: Batch): Promise<StepOutcome> {
    const at = optimizer.step;
    let seen: Inspected | undefined;
    try {
      const outcome = await combined.step(cut, batch, noteForward, async (loss, grads) => {
        seen = await guarded(loss, grads);
        return seen.bad === undefined;
      });
      return { loss: Number.NaN, ...seen, bad: seen?.bad, batches: [outcome] };
    } catch (error) {
      if (!(error instanceof NonFiniteError)) throw error;
      const bad = { step: at, loss: Number.NaN, gradients: [], spike: false };
      return { loss: Number.NaN, batches: [], bad };
    }
  }

  return {
    get forwardBytes() {
      return forwardBytes;
    },
    async step(cut, batches) {
      const statistics = movingStatistics(assembly);
      try {
        const outcome = await (combined
          ? merged(combined, cut, batches[0] as Batch)
          : summed(cut, batches, statistics));
        if (outcome.bad) statistics.putBack();
        return outcome;
      } catch (error) {
        statistics.putBack();
        throw error;
      } finally {
        statistics.dispose();
        assembly.states.freeEarlier();
      }
    },
  };
}

/**
 * Adds a batch's gradients, weighted by its share of the step's examples, so that a shorter last batch counts for less. The
 * hook `accumulate` of @graftjs/transforms cannot do this: it averages over calls of an optimizer and does not see batch sizes.
 */
function addShare(sum: TensorMap, grads: TensorMap, share: number): TensorMap {
  const next = tf.tidy(() => {
    const entries = Object.entries(grads).map(([name, grad]) => {
      const part = tf.mul(grad, share);
      return [name, sum[name] ? tf.add(sum[name], part) : part] as const;
    });
    return Object.fromEntries(entries) as tf.NamedTensorMap;
  });
  tf.dispose([grads as tf.NamedTensorMap, sum as tf.NamedTensorMap]);
  return next;
}
