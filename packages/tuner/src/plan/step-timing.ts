import * as tf from "@tensorflow/tfjs-core";
import { emaWeights } from "../callbacks/ema-weights.ts";
import type { Assembly } from "../loop/assembly/assembly.ts";
import { enterPhase, type Phase } from "../loop/assembly/phases.ts";
import { callbackRun } from "../loop/epoch/callback-run.ts";
import { evaluate } from "../loop/evaluate/evaluate.ts";
import type { PeakMeter } from "../loop/evaluate/peak-memory.ts";
import { disposeOutcome } from "../loop/forward/batch-outcome.ts";
import { createGuard } from "../loop/safety/guard.ts";
import { combinedStep } from "../loop/step/combined-step.ts";
import { type Stepper, stepper } from "../loop/step/stepper.ts";
import { readWeights, writeWeights, writtenWeights } from "../models/weights.ts";
import { disposeBatch } from "../pipeline/batches/batch.ts";
import { type Loader, openLoader } from "../pipeline/batches/loader.ts";

/** Measurements of two real steps of a phase, and of the passes before and after them. */
export interface StepTiming {
  readonly phase: Phase;
  /** Whether the trunk's outputs were cached before the first step. */
  readonly cached: boolean;
  /** Time to open the loader, including the trunk. */
  readonly openSeconds: number;
  /** Time of one update, including its batches. It is the second update's, because the first one compiles and warms up. */
  readonly stepSeconds: number;
  /** Time of the validation pass; 0 without validation data. */
  readonly validationSeconds: number;
  /** Peak bytes of tensors while the loader was opened and during validation. */
  readonly aroundBytes: number;
  /** Peak bytes of tensors while batches were made and steps taken. */
  readonly stepBytes: number;
  /** Bytes of tensors that the forward pass leaves for the backward pass. */
  readonly tapeBytes: number;
  /** Bytes of one update's batches. Each update prepared ahead adds as many. */
  readonly batchBytes: number;
}

/**
 * Takes two steps on the first batch in every phase and measures them. Phases follow each other as in the run, so that later phases
 * include the optimizer state of earlier ones. Restores weights, statistics and optimizer afterwards.
 *
 * @param assembly assembly with few examples: those of one update, and one batch for validation.
 */
export async function timeSteps(assembly: Assembly, peak: PeakMeter): Promise<readonly StepTiming[]> {
  const { optimizer, phases, options } = assembly;
  const weights = await readWeights(writtenWeights(assembly));
  const states = await assembly.states.read();
  const combined = options.combiner && combinedStep(assembly, options.combiner);
  const average = options.ema && emaWeights(options.ema);
  await average?.runStart?.(callbackRun(assembly, { warn: console.warn, scaleRate() {} }));
  const probes: StepTiming[] = [];
  try {
    for (const phase of phases) {
      enterPhase(optimizer, phase);
      peak.restart();
      const [loader, openSeconds] = await timed(() => openLoader(assembly, phase.cut, console.warn));
      try {
        const opened = peak.bytes;
        peak.restart();
        const steps = stepper(assembly, createGuard(), combined);
        const stepped = await probeSteps(phase, loader, steps, () => average?.stepEnd?.());
        const stepBytes = peak.bytes;
        peak.restart();
        const { validation } = loader;
        const [, validationSeconds] = await timed(async () => validation && evaluate(assembly, phase.cut, validation));
        const aroundBytes = Math.max(opened, peak.bytes);
        const cached = loader.bytes > 0;
        probes.push({ phase, cached, openSeconds, validationSeconds, aroundBytes, stepBytes, ...stepped });
      } finally {
        await loader.close();
      }
    }
  } finally {
    combined?.trainer.dispose();
    average?.dispose?.();
    optimizer.replaceState(undefined, 0);
    writeWeights(writtenWeights(assembly), weights);
    assembly.states.write(states);
  }
  return probes;
}

async function probeSteps(
  { cut }: Phase,
  loader: Loader,
  steps: Stepper,
  stepEnd: () => void,
): Promise<Pick<StepTiming, "stepSeconds" | "tapeBytes" | "batchBytes">> {
  let [stepSeconds, before, batchBytes] = [0, 0, 0];
  for (let i = 0; i < 2; i++) {
    const without = tf.memory().numBytes;
    [, stepSeconds] = await timed(async () => {
      const batches = await loader.load(0, 0);
      before = tf.memory().numBytes;
      batchBytes = before - without;
      try {
        const { batches: outcomes } = await steps.step(cut, batches);
        outcomes.forEach(disposeOutcome);
        stepEnd();
      } finally {
        batches.forEach(disposeBatch);
      }
    });
  }
  return { stepSeconds, batchBytes, tapeBytes: steps.forwardBytes - before };
}

/** Returns the result of `work` and its time in seconds. */
async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const start = performance.now();
  const value = await work();
  return [value, (performance.now() - start) / 1000];
}
