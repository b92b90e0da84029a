import { rateAt } from "@graftjs/core";
import type { Callback } from "../../callbacks/callback.ts";
import { earlyStopping } from "../../callbacks/early-stopping.ts";
import { ema } from "../../callbacks/ema.ts";
import { type PlateauCallback, reduceOnPlateau } from "../../callbacks/reduce-on-plateau.ts";
import { type Keeper, keeper } from "../../checkpoint/keeper.ts";
import { type Fingerprint, fingerprint, fingerprintDigest } from "../../models/fingerprint.ts";
import { writtenWeights } from "../../models/weights.ts";
import type { FineTuneOptions } from "../../options/fine-tune-options.ts";
import { dataDigest } from "../../pipeline/source/data-digest.ts";
import type { Assembly } from "../assembly/assembly.ts";
import { newHistory } from "../evaluate/history.ts";
import { metricSums } from "../evaluate/metric-sums.ts";
import { type Digests, identityOf } from "../resume/identity.ts";
import { noteResumeBase } from "../resume/resume-base.ts";
import { capture, type Position, type RunState, resume } from "../resume/run-state.ts";
import { type FrozenStatistics, frozenStatistics } from "../safety/frozen-statistics.ts";
import { createGuard } from "../safety/guard.ts";
import { type Recovery, recovery } from "../safety/recovery.ts";
import { type CombinedStep, combinedStep } from "../step/combined-step.ts";
import { combinerState } from "../step/combiner-state.ts";
import { type Stepper, stepper } from "../step/stepper.ts";

/** A run in progress: the assembly and everything that changes. */
export interface Run extends RunState {
  readonly steps: Stepper;
  readonly recovery: Recovery;
  readonly held: FrozenStatistics;
  readonly warnings: string[];
  /** Says what went wrong without ending the run, on the console too. @param about where given, the first line about it alone. */
  warn(line: string, about?: string): void;
  readonly keeper: Keeper | undefined;
  /** Writes a checkpoint where the run keeps any. */
  checkpoint(): Promise<void>;
  dispose(): void;
}

/** Makes the parts, and puts the newest checkpoint into them where that is asked for. */
export async function openRun(assembly: Assembly, options: FineTuneOptions): Promise<Run> {
  const { optimizer, adapter, metrics } = assembly;
  const warnings: string[] = [];
  const base = await fingerprint(adapter.weights);
  const digests = await digestsOf(assembly, options, base);
  const held = await frozenStatistics(assembly.held);
  const combined = options.combiner && combinedStep(assembly, options.combiner);
  const position: Position = { epoch: 0, at: 0, history: newHistory(), seconds: [], stopped: undefined };
  const guard = createGuard(options.guard);
  const ownCallbacks = callbacksOf(assembly, options, combined);
  const recover = recovery(assembly, options.guard ?? {}, ownCallbacks, (line) => warnings.push(line));
  const callbacks = [...ownCallbacks, guard, recover];
  const state: RunState = {
    assembly,
    identity: identityOf(assembly, options, digests),
    base,
    position,
    sums: metricSums(metrics, adapter.ports.outputNames),
    callbacks,
  };
  const told = new Set<string>();
  const warn = (line: string, about?: string): void => {
    if (about !== undefined && told.has(about)) return;
    if (about !== undefined) told.add(about);
    warnings.push(line);
    console.warn(line);
  };
  const checkpoints = options.checkpoint && keeper(options.checkpoint, warn);
  const run: Run = {
    ...state,
    get base() {
      return state.base;
    },
    steps: stepper(assembly, guard, combined),
    recovery: recover,
    held,
    warnings,
    warn,
    keeper: checkpoints,
    async checkpoint() {
      await checkpoints?.write(optimizer.step, await capture(state));
    },
    dispose() {
      for (const { dispose } of callbacks) dispose?.();
      combined?.trainer.dispose();
      state.sums.dispose();
    },
  };
  try {
    if (options.checkpoint?.resume === true) {
      const found = await checkpoints?.newest();
      const warning = found && resume(state, found);
      if (warning !== undefined) warn(warning);
    } else await checkpoints?.assertEmpty();
    noteResumeBase(writtenWeights(assembly), state.base);
    await recover.begin();
  } catch (error) {
    run.dispose();
    throw error;
  }
  return run;
}

/** Only looked at where there are checkpoints. */
async function digestsOf(assembly: Assembly, { checkpoint }: FineTuneOptions, base: Fingerprint): Promise<Digests> {
  if (!checkpoint) return { base: "", data: undefined, validation: undefined };
  const { train, validation, batchSize } = assembly;
  const mine = new Set(writtenWeights(assembly).map(({ name }) => name));
  return {
    base: fingerprintDigest(new Map([...base].filter(([name]) => !mine.has(name)))),
    data: await dataDigest(train, batchSize),
    validation: validation && (await dataDigest(validation, batchSize)),
  };
}

function callbacksOf(assembly: Assembly, options: FineTuneOptions, combined: CombinedStep | undefined): Callback[] {
  const made: Callback[] = [];
  if (options.reduceOnPlateau) {
    const plateau: PlateauCallback = reduceOnPlateau(assembly, options.reduceOnPlateau);
    made.push(plateau);
    const { learningRate } = options;
    assembly.optimizer.learningRate = (step: number) => rateAt(learningRate, step) * plateau.factor;
  }
  if (options.ema) made.push(ema(assembly, options.ema));
  if (options.earlyStopping) made.push(earlyStopping(assembly, options.earlyStopping));
  if (combined) made.push(combinerState(combined.trainer));
  return made;
}
