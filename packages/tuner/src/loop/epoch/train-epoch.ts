import { hasStats, type Observer, readStats, type StepEnd } from "@graftjs/core";
import type { CutModel } from "../../models/adapter/model-adapter.ts";
import { disposeBatch } from "../../pipeline/batches/batch.ts";
import type { Loader } from "../../pipeline/batches/loader.ts";
import { yieldToEventLoop } from "../../pipeline/prefetch/yield-to-event-loop.ts";
import { warnFirstLoss } from "../evaluate/guess-level.ts";
import { disposeOutcome } from "../forward/batch-outcome.ts";
import { warnDeadActivations } from "../safety/dead-activations.ts";
import type { Run } from "./open-run.ts";

/** Runs the remaining steps of the epoch. Sets `position.stopped` if the run should end. */
export async function trainEpoch(run: Run, cut: CutModel, loader: Loader): Promise<void> {
  const { assembly, position, sums, steps, callbacks, recovery } = run;
  const { optimizer, train, agreement } = assembly;
  const { batchSize, accumulate, observers, statsEvery, signal, control, maxSteps, checkpoint } = assembly.options;
  const probed = observers.length > 0 && hasStats(optimizer);
  agreement?.ask();
  while (position.at < train.size) {
    await control?.whenRunning(signal);
    const stopped = agreement ? agreement.stopped : control?.stopped === true;
    if (signal?.aborted) {
      await run.checkpoint();
      signal.throwIfAborted();
    }
    if (stopped) position.stopped = "stopped";
    else if (maxSteps !== undefined && optimizer.step >= maxSteps) position.stopped = "maxSteps";
    if (position.stopped !== undefined) return;
    const { learningRate } = optimizer;
    const batches = await loader.load(position.epoch, position.at);
    let loss: number;
    try {
      const outcome = await steps.step(cut, batches);
      ({ loss } = outcome);
      outcome.batches.forEach((batch, i) => {
        if (outcome.bad) disposeOutcome(batch);
        else sums.add(batch, batches[i]?.size ?? 0);
      });
      if (outcome.bad) await recovery.bad(outcome.bad, cut, batches);
      else {
        for (const callback of callbacks) callback.stepEnd?.();
        await recovery.good();
        await warnDeadActivations(run, cut, batches[0]);
      }
    } finally {
      batches.forEach(disposeBatch);
    }
    position.at = Math.min(position.at + batchSize * accumulate, train.size);
    const { step } = optimizer;
    if (step === 1) warnFirstLoss(run, loss);
    const read = probed && step % statsEvery === 0 ? { stats: await readStats(optimizer) } : {};
    await tell(observers, { step, epoch: position.epoch, examples: position.at, learningRate, loss, ...read });
    const { everySteps } = checkpoint ?? {};
    if (everySteps !== undefined && step % everySteps === 0 && position.at < train.size) await run.checkpoint();
    await yieldToEventLoop();
  }
}

async function tell(observers: readonly Observer[], step: StepEnd): Promise<void> {
  for (const observer of observers) await observer.stepEnd?.(step);
}
