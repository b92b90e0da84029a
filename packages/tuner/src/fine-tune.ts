import type { HookedOptimizer, Param } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { rows } from "./data/columns.ts";
import { type Fingerprint, fingerprint } from "./delta/fingerprint.ts";
import type { LayersModelLike } from "./model/layers-model.ts";
import { describe, type Plan } from "./plan/plan.ts";
import { epochOrder } from "./random/epoch-order.ts";
import { type Assembly, assemble } from "./run/assembly.ts";
import { breathe } from "./run/breathe.ts";
import { evaluate } from "./run/evaluate.ts";
import { assertHeld, heldStatistics } from "./run/held.ts";
import { type History, newHistory, record } from "./run/history.ts";
import type { FineTuneOptions } from "./run/options.ts";
import { type Batch, stepper } from "./run/step.ts";
import { tally } from "./run/tally.ts";
import { cached, disposeValues, type Features, uncached } from "./trunk/features.ts";

/** What a run leaves behind. The model holds the trained weights. */
export interface FineTuneResult {
  readonly history: History;
  readonly plan: Plan;
  /** Wall time of each epoch. The trunk's one pass is in `trunkSeconds`. */
  readonly seconds: readonly number[];
  readonly trunkSeconds: number;
  /** Most bytes that all tensors of the page took at once, read after each forward pass. */
  readonly peakBytes: number;
  readonly steps: number;
  /** What was trained. */
  readonly params: readonly Param[];
  /** Holds the state of hooks and rule: see `saveState`. Freed by `dispose`. */
  readonly optimizer: HookedOptimizer;
  /** Of the model before the first step: what `saveDelta` compares with. */
  readonly base: Fingerprint;
  /** Undoes the patches and frees the optimizer's state. Twice is harmless. */
  restore(): void;
  /** Frees the optimizer's state and leaves the patches in place. */
  dispose(): void;
}

/**
 * Trains the selected parameters of `model` in place.
 *
 * What neither training nor chance can change runs once an example, off the tape. Losses and weights are those of a run
 * without that economy, to float32 rounding. Layers' `trainable` flags are as before when it returns.
 *
 * @throws before the first step, the model untouched: OptionsError, SelectionError, RecipeError, DataError. On an error or
 *   an abort later, patches are undone and weights stay as far as they were trained.
 */
export async function fineTune(model: LayersModelLike, options: FineTuneOptions): Promise<FineTuneResult> {
  const assembly = assemble(model, options);
  const { observers = [], cache = "memory", epochs, signal, shuffle = true } = options;
  const { optimizer, train, validation, batchSize, accumulate, seed, stepsPerEpoch, params } = assembly;
  const history = newHistory();
  const seconds: number[] = [];
  const steps = stepper(assembly, options.combiner);
  const statistics = await heldStatistics(assembly.held);
  const started = performance.now();
  let failure: unknown;
  try {
    for (const observer of observers)
      await observer.runStart?.({ params, epochs, stepsPerEpoch, batchSize, step: optimizer.step });
    const base = await fingerprint(assembly.trainee.weights);
    const features = await featuresOf(assembly, train, cache, signal);
    const looked = validation && (await featuresOf(assembly, validation, cache, signal));
    const trunkSeconds = (performance.now() - started) / 1000;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const epochStart = performance.now();
      const sums = tally(assembly.metrics, assembly.trainee.ports.outputNames);
      const order = shuffle
        ? epochOrder(seed, epoch, train.size)
        : Int32Array.from({ length: train.size }, (_, i) => i);
      for (let at = 0; at < train.size; at += batchSize * accumulate) {
        signal?.throwIfAborted();
        const batches: Batch[] = [];
        for (let first = at; first < Math.min(at + batchSize * accumulate, train.size); first += batchSize) {
          const indices = order.slice(first, first + batchSize);
          batches.push({
            values: await features.batch(indices),
            labels: rows(train.labels, indices),
            size: indices.length,
          });
        }
        const { learningRate } = optimizer;
        const outcomes = await steps.step(batches).finally(() => {
          for (const { values, labels } of batches) {
            disposeValues(values);
            tf.dispose(labels as tf.Tensor[]);
          }
        });
        const loss = await meanOf(outcomes.map(({ loss }, i) => ({ loss, size: batches[i]?.size ?? 0 })));
        outcomes.forEach((outcome, i) => {
          sums.add(outcome, batches[i]?.size ?? 0);
        });
        const examples = Math.min(at + batchSize * accumulate, train.size);
        for (const observer of observers)
          await observer.stepEnd?.({ step: optimizer.step, epoch, examples, learningRate, loss });
        await breathe();
      }
      const logs: Record<string, number> = { ...(await sums.finish()) };
      if (validation && looked) {
        const seen = await evaluate(assembly, looked, validation);
        for (const [key, value] of Object.entries(seen)) logs[`val_${key}`] = value;
      }
      await assertHeld(statistics);
      record(history, epoch, logs);
      seconds.push((performance.now() - epochStart) / 1000);
      for (const observer of observers)
        await observer.epochEnd?.({ epoch, step: optimizer.step, seconds: seconds.at(-1) as number, logs });
    }
    const plan = describe(assembly, options, features.bytes);
    const dispose = (): void => optimizer.dispose();
    return {
      history,
      plan,
      seconds,
      trunkSeconds,
      peakBytes: steps.peakBytes,
      steps: optimizer.step,
      params,
      optimizer,
      base,
      restore() {
        assembly.restore();
        dispose();
      },
      dispose,
    };
  } catch (error) {
    failure = error;
    assembly.restore();
    optimizer.dispose();
    throw error;
  } finally {
    steps.dispose();
    assembly.release();
    for (const observer of observers) {
      await observer.runEnd?.({
        steps: optimizer.step,
        seconds: (performance.now() - started) / 1000,
        ...(failure === undefined ? {} : { error: failure }),
      });
    }
  }
}

async function featuresOf(
  { cut, batchSize }: Assembly,
  data: Assembly["train"],
  cache: "memory" | false,
  signal: AbortSignal | undefined,
): Promise<Features> {
  if (cache === false || cut.trunk.layers === 0) return uncached(cut, data);
  return cached(cut, data, batchSize, async () => {
    signal?.throwIfAborted();
    await breathe();
  });
}

async function meanOf(parts: readonly { loss: tf.Scalar; size: number }[]): Promise<number> {
  let [sum, count] = [0, 0];
  for (const { loss, size } of parts) {
    sum += ((await loss.data())[0] as number) * size;
    count += size;
  }
  return sum / count;
}
