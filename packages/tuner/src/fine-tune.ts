import { GraftError, type HookedOptimizer, type Observer, OptionsError, type Param, type RunEnd } from "@graftjs/core";
import { type Assembly, assemble } from "./loop/assembly/assembly.ts";
import { enterPhase, type Phase, phaseAt } from "./loop/assembly/phases.ts";
import { openRun, type Run } from "./loop/epoch/open-run.ts";
import { trainEpoch } from "./loop/epoch/train-epoch.ts";
import { evaluate } from "./loop/evaluate/evaluate.ts";
import { warnGuessing } from "./loop/evaluate/guess-level.ts";
import { warnNonFinite } from "./loop/evaluate/warn-non-finite.ts";
import { epochsOf, type History, record } from "./loop/evaluate/history.ts";
import { type PeakMeter, peakMeter } from "./loop/evaluate/peak-memory.ts";
import { assertFiniteWeights } from "./loop/safety/finite-weights.ts";
import { assertFrozen } from "./loop/safety/frozen-statistics.ts";
import { explainMissingKernel } from "./models/backend-errors.ts";
import { assertNotDisposed } from "./models/claim-model.ts";
import type { TunableModel } from "./models/adapt-model.ts";
import type { Fingerprint } from "./models/fingerprint.ts";
import { firstLine, isKnownToAll, together } from "./parallel/together.ts";
import type { FineTuneOptions } from "./options/fine-tune-options.ts";
import { type Loader, openLoader } from "./pipeline/batches/loader.ts";
import { describe, type Plan } from "./plan/plan.ts";

/** Result of a run. The trained weights are in the model. */
export interface FineTuneResult {
  /** Values of each epoch, even of one that ended early: `epoch`, `loss`, metrics and their `val_` forms, as in tfjs's `History.history`. */
  readonly history: History;
  /** The plan of this run without predictions: trained parameters, end of the trunk, size of the cache. */
  readonly plan: Plan;
  /** Wall time of each epoch in seconds, without `trunkSeconds`. */
  readonly seconds: readonly number[];
  /** Wall time of the trunk's passes that fill the cache, in seconds. */
  readonly trunkSeconds: number;
  /**
   * Peak number of bytes of all tensors in this JavaScript context during the run, also in backward passes, updates, trunk and validation.
   * Counted as in `tf.memory`: tensors that share values count separately, and scratch memory within a kernel does not count.
   */
  readonly peakBytes: number;
  /** Total number of steps, including those before a resume. Steps skipped by the guard do not count. */
  readonly steps: number;
  /** Reason why the run ended before its last epoch: "maxSteps", "stopped", or the name of the callback that ended it. */
  readonly stopped: string | undefined;
  /** Problems that did not end the run, such as files that could not be written or steps that were skipped. */
  readonly warnings: readonly string[];
  /** Trained parameters. */
  readonly params: readonly Param[];
  /** The optimizer with the state of hooks and rule, see `saveState`. `restore` and `dispose` free it. */
  readonly optimizer: HookedOptimizer;
  /** Fingerprint of the model before the first step. `saveDelta` compares with it. */
  readonly base: Fingerprint;
  /** Removes the patches and frees the optimizer's state. It may be called twice. */
  restore(): void;
  /**
   * Writes the parameters that patches added, such as those of an adapter, into the model's weights. Then removes the patches and
   * frees the optimizer's state. The model computes as trained, and can be saved as a whole. Save the delta before.
   *
   * @throws RecipeError if a patch cannot do this. Nothing is changed then.
   */
  mergeAndUnload(): void;
  /** Frees the optimizer's state and keeps the patches. */
  dispose(): void;
}

/**
 * Trains the selected parameters of `model` in place.
 *
 * Layers whose output cannot change during training run once per example, without recording gradients. Losses and weights are the same
 * as without this cache, except for float32 rounding. The layers' `trainable` flags are restored.
 *
 * @throws OptionsError, SelectionError, RecipeError or DataError before the first step; the model is unchanged then. After a later error
 *   or an abort, patches are removed and the weights trained so far stay in the model.
 */
export async function fineTune(model: TunableModel, options: FineTuneOptions): Promise<FineTuneResult> {
  if (typeof options !== "object" || options === null)
    throw new OptionsError(
      "fineTune has no options.",
      "Give them as the second argument: fineTune(model, { data, loss, trainable, rule, learningRate, epochs }).",
    );
  const peak = peakMeter();
  try {
    const assembly = await together(
      options.collective,
      () => assemble(model, options),
      ({ optimizer, release, restore }) => {
        release();
        restore();
        optimizer.dispose();
      },
    );
    return await tune(assembly, peak);
  } catch (error) {
    explainMissingKernel(error);
    if (!isKnownToAll(error)) options.collective?.fail(firstLine(error));
    throw error;
  } finally {
    peak.stop();
  }
}

async function tune(assembly: Assembly, peak: PeakMeter): Promise<FineTuneResult> {
  const { optimizer, stepsPerEpoch, params } = assembly;
  const { observers, epochs, batchSize } = assembly.options;
  const started = performance.now();
  const begun: Observer[] = [];
  let run: Run | undefined;
  let failure: { readonly error: unknown } | undefined;
  try {
    run = await openRun(assembly);
    const pastEpochs = epochsOf(run.position.history, run.position.seconds);
    const earlier = pastEpochs.length > 0 ? { earlier: pastEpochs } : {};
    for (const observer of observers) {
      await observer.runStart?.({ params, epochs, stepsPerEpoch, batchSize, step: optimizer.step, ...earlier });
      begun.push(observer);
    }
    const { bytes, trunkSeconds } = await train(run);
    const { position, base, warnings } = run;
    const dispose = (): void => optimizer.dispose();
    return {
      history: position.history,
      plan: describe(assembly, { bytes, memoryBytes: bytes }),
      seconds: position.seconds,
      trunkSeconds,
      peakBytes: peak.bytes,
      steps: optimizer.step,
      stopped: position.stopped,
      warnings,
      params,
      optimizer,
      base,
      restore() {
        assembly.restore();
        dispose();
      },
      mergeAndUnload() {
        assembly.mergeAndUnload();
        dispose();
      },
      dispose,
    };
  } catch (error) {
    failure = { error };
    if (!(error instanceof GraftError)) assertNotDisposed(assembly.adapter, error);
    throw error;
  } finally {
    try {
      await run?.dispose();
    } finally {
      assembly.release();
    }
    if (failure) {
      assembly.restore();
      optimizer.dispose();
    }
    const seconds = (performance.now() - started) / 1000;
    for (const observer of begun) await tellEnd(observer, { steps: optimizer.step, seconds, ...failure }, run?.warn);
  }
}

/** Tells an observer that the run is over. If the observer fails, only warns, so that the run's result or error is not lost. */
async function tellEnd(observer: Observer, end: RunEnd, warn: Run["warn"] = console.warn): Promise<void> {
  try {
    await observer.runEnd?.(end);
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    warn(`The observer \`${observer.name ?? "without a name"}\` failed at the end of the run: ${why}`);
  }
}

async function train(run: Run): Promise<{ bytes: number; trunkSeconds: number }> {
  const { assembly, position } = run;
  let phase: Phase | undefined;
  let loader: Loader | undefined;
  let [trunkSeconds, bytes] = [0, 0];
  try {
    while (position.epoch < assembly.options.epochs && position.stopped === undefined) {
      const next = phaseAt(assembly.phases, position.epoch);
      if (next !== phase || !loader) {
        phase = next;
        enterPhase(assembly.optimizer, next);
        const start = performance.now();
        await loader?.close();
        loader = await openLoader(assembly, next.cut, run.warn);
        trunkSeconds += (performance.now() - start) / 1000;
        bytes = Math.max(bytes, loader.bytes);
      }
      const start = performance.now();
      await trainEpoch(run, phase.cut, loader);
      if (position.at === 0) break;
      // The run was stopped within an epoch. The checkpoint gets the current position, and the history a row for the partial epoch.
      if (position.at < assembly.train.size) await run.checkpoint();
      await endEpoch(run, phase, loader, start);
    }
  } finally {
    await loader?.close();
  }
  for (const callback of run.callbacks) await callback.finish?.();
  await assertFiniteWeights(assembly, "at the end of the run");
  warnGuessing(run);
  return { bytes, trunkSeconds };
}

async function endEpoch(run: Run, { cut }: Phase, { validation: seen }: Loader, start: number): Promise<void> {
  const { assembly, position, callbacks } = run;
  const { observers, signal } = assembly.options;
  const { epoch } = position;
  const whole = position.at === assembly.train.size;
  await assertFiniteWeights(assembly, `after epoch ${epoch + 1}`);
  const summed = await run.sums.save();
  const logs: Record<string, number> = { ...(await run.sums.finish()) };
  for (const callback of callbacks) await callback.beforeValidation?.();
  try {
    if (seen) {
      const values = await evaluate(assembly, cut, seen);
      await warnNonFinite(assembly, cut, seen, { epoch, values }, run.warn);
      for (const [key, value] of Object.entries(values)) logs[`val_${key}`] = value;
    }
    for (const callback of callbacks) {
      if ((await callback.epochEnd?.(epoch, logs)) === "stop") position.stopped = callback.name;
    }
  } catch (error) {
    for (const callback of callbacks) await callback.afterValidation?.();
    if (signal?.aborted) {
      // All steps of the epoch are taken, so a resumed run continues with the validation.
      run.sums.load(summed);
      await run.checkpoint();
    }
    throw error;
  }
  for (const callback of callbacks) await callback.afterValidation?.();
  await assertFrozen(run.held);
  record(position.history, epoch, logs);
  const seconds = (performance.now() - start) / 1000;
  position.seconds.push(seconds);
  position.epoch++;
  position.at = 0;
  if (whole) await run.checkpoint();
  for (const observer of observers) await observer.epochEnd?.({ epoch, step: assembly.optimizer.step, seconds, logs });
}
