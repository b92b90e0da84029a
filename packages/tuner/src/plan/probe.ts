import * as tf from "@tensorflow/tfjs-core";
import type { Assembly } from "../run/assembly.ts";
import { disposeBatch, disposeOutcome } from "../run/batch.ts";
import { combinedStep } from "../run/combined-step.ts";
import type { Loader } from "../run/loader.ts";
import type { FineTuneOptions } from "../run/options.ts";
import { phaseAt } from "../run/phases.ts";
import { readAll, writeAll, written } from "../run/snapshot.ts";
import { stepper } from "../run/stepper.ts";

/** What two real steps showed. */
export interface Probe {
  /** Of one step, the second one's: the first one compiles and warms up. */
  readonly stepSeconds: number;
  /** Most bytes of tensors alive at once at the end of a forward pass: what `peakBytes` of a run's result will be. */
  readonly peakBytes: number;
  /** What the tape holds of that: alive at the end of the forward pass and not before it. */
  readonly tapeBytes: number;
  /** Of one update's batches: what is prepared ahead comes on top. */
  readonly batchBytes: number;
}

/** Takes two steps on the first batch and puts everything back: weights, statistics, optimizer. */
export async function probeSteps(assembly: Assembly, loader: Loader, options: FineTuneOptions): Promise<Probe> {
  const { optimizer } = assembly;
  const weights = await readAll(written(assembly));
  const combined = options.combiner && combinedStep(assembly, options.combiner);
  const steps = stepper(assembly, {}, combined);
  const { cut } = phaseAt(assembly.phases, 0);
  let [stepSeconds, before, batchBytes] = [0, 0, 0];
  try {
    for (let i = 0; i < 2; i++) {
      const without = tf.memory().numBytes;
      const batches = await loader.load(0, 0);
      batchBytes = tf.memory().numBytes - without;
      before = tf.memory().numBytes;
      try {
        const start = performance.now();
        const { batches: outcomes } = await steps.step(cut, batches);
        stepSeconds = (performance.now() - start) / 1000;
        outcomes.forEach(disposeOutcome);
      } finally {
        batches.forEach(disposeBatch);
      }
    }
  } finally {
    combined?.trainer.dispose();
    optimizer.replaceState(undefined, 0);
    writeAll(written(assembly), weights);
  }
  return { stepSeconds, peakBytes: steps.peakBytes, tapeBytes: steps.peakBytes - before, batchBytes };
}
