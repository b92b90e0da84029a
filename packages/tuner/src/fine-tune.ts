import type { HookedOptimizer, Observer, Param, RunEnd } from "@graftjs/core";
import { type Assembly, assemble } from "./loop/assembly/assembly.ts";
import { enterPhase, type Phase, phaseAt } from "./loop/assembly/phases.ts";
import { openRun, type Run } from "./loop/epoch/open-run.ts";
import { trainEpoch } from "./loop/epoch/train-epoch.ts";
import { evaluate } from "./loop/evaluate/evaluate.ts";
import { epochsOf, type History, record } from "./loop/evaluate/history.ts";
import { type PeakMeter, peakMeter } from "./loop/evaluate/peak-memory.ts";
import { assertFrozen } from "./loop/safety/frozen-statistics.ts";
import type { TunableModel } from "./models/adapt-model.ts";
import type { Fingerprint } from "./models/fingerprint.ts";
import type { FineTuneOptions } from "./options/fine-tune-options.ts";
import { type Loader, openLoader } from "./pipeline/batches/loader.ts";
import { describe, type Plan } from "./plan/plan.ts";

/** What a run leaves behind. The model holds the trained weights. */
export interface FineTuneResult {
  /** By epoch, one that was ended early included: `epoch`, `loss`, metrics and their `val_` forms, as tfjs's `History.history`. */
  readonly history: History;
  /** What `plan` says of this run, without predictions: what was trained, where the trunk ended, what was cached. */
  readonly plan: Plan;
  /** Wall time of each epoch. The trunk's one pass is in `trunkSeconds`. */
  readonly seconds: readonly number[];
  readonly trunkSeconds: number;
  /**
   * Most bytes that all tensors of the page took at once from the run's beginning to its end, backward passes, updates, trunk and
   * validation included, as `tf.memory` counts them: tensors that share values count each, scratch within a kernel does not.
   */
  readonly peakBytes: number;
  /** Steps that were taken in all, before a resume too; those that the guard skipped are none. */
  readonly steps: number;
  /** Why the run ended before its last epoch: "maxSteps", "stopped", or the name of the callback that ended it. */
  readonly stopped: string | undefined;
  /** What went wrong without ending the run: checkpoints, caches and reports that could not be written, steps that were skipped. */
  readonly warnings: readonly string[];
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
export async function fineTune(model: TunableModel, options: FineTuneOptions): Promise<FineTuneResult> {
  const peak = peakMeter();
  try {
    return await tune(await assemble(model, options), options, peak);
  } finally {
    peak.stop();
  }
}

async function tune(assembly: Assembly, options: FineTuneOptions, peak: PeakMeter): Promise<FineTuneResult> {
  const { optimizer, batchSize, stepsPerEpoch, params } = assembly;
  const { observers = [], epochs } = options;
  const started = performance.now();
  const begun: Observer[] = [];
  let run: Run | undefined;
  let failure: { readonly error: unknown } | undefined;
  try {
    run = await openRun(assembly, options);
    const behind = epochsOf(run.position.history, run.position.seconds);
    const earlier = behind.length > 0 ? { earlier: behind } : {};
    for (const observer of observers) {
      await observer.runStart?.({ params, epochs, stepsPerEpoch, batchSize, step: optimizer.step, ...earlier });
      begun.push(observer);
    }
    const { bytes, trunkSeconds } = await train(run, options);
    const { position, base, warnings } = run;
    const dispose = (): void => optimizer.dispose();
    return {
      history: position.history,
      plan: describe(assembly, options, { bytes, memoryBytes: bytes }),
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
      dispose,
    };
  } catch (error) {
    failure = { error };
    throw error;
  } finally {
    run?.dispose();
    assembly.release();
    if (failure) {
      assembly.restore();
      optimizer.dispose();
    }
    const seconds = (performance.now() - started) / 1000;
    for (const observer of begun) await tellEnd(observer, { steps: optimizer.step, seconds, ...failure }, run?.warn);
  }
}

/** The run is over: an observer that fails now, a report that cannot be written, must not take its result along, nor hide its error. */
async function tellEnd(observer: Observer, end: RunEnd, warn: Run["warn"] = console.warn): Promise<void> {
  try {
    await observer.runEnd?.(end);
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    warn(`The observer \`${observer.name ?? "without a name"}\` failed at the end of the run: ${why}`);
  }
}

async function train(run: Run, options: FineTuneOptions): Promise<{ bytes: number; trunkSeconds: number }> {
  const { assembly, position } = run;
  let phase: Phase | undefined;
  let loader: Loader | undefined;
  let [trunkSeconds, bytes] = [0, 0];
  try {
    while (position.epoch < options.epochs && position.stopped === undefined) {
      const next = phaseAt(assembly.phases, position.epoch);
      if (next !== phase || !loader) {
        phase = next;
        enterPhase(assembly.optimizer, next);
        const start = performance.now();
        await loader?.close();
        loader = await openLoader(assembly, next.cut, options, run.warn);
        trunkSeconds += (performance.now() - start) / 1000;
        bytes = Math.max(bytes, loader.bytes);
      }
      const start = performance.now();
      await trainEpoch(run, phase.cut, loader, options);
      if (position.at === 0) break;
      // Stopped within an epoch: the checkpoint is of where the run stands, the history gets what there is of the epoch.
      if (position.at < assembly.train.size) await run.checkpoint();
      await endEpoch(run, phase, loader, options, start);
    }
  } finally {
    await loader?.close();
  }
  for (const callback of run.callbacks) await callback.finish?.();
  return { bytes, trunkSeconds };
}

async function endEpoch(
  run: Run,
  { cut }: Phase,
  { validation: seen }: Loader,
  { observers = [], signal }: FineTuneOptions,
  start: number,
): Promise<void> {
  const { assembly, position, callbacks } = run;
  const { epoch } = position;
  const whole = position.at === assembly.train.size;
  const summed = await run.sums.save();
  const logs: Record<string, number> = { ...(await run.sums.finish()) };
  for (const callback of callbacks) await callback.beforeValidation?.();
  try {
    if (seen) {
      const values = await evaluate(assembly, cut, seen, signal);
      for (const [key, value] of Object.entries(values)) logs[`val_${key}`] = value;
    }
    for (const callback of callbacks) {
      if ((await callback.epochEnd?.(epoch, logs)) === "stop") position.stopped = callback.name;
    }
  } catch (error) {
    for (const callback of callbacks) await callback.afterValidation?.();
    if (signal?.aborted) {
      // All steps of the epoch are taken: a resumed run goes on with the validation.
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
