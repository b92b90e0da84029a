import { rateFactors } from "../../callbacks/rate-factors.ts";
import { type Keeper, keeper } from "../../checkpoint/keeper.ts";
import { type Fingerprint, fingerprint, fingerprintDigest } from "../../models/fingerprint.ts";
import { writtenWeights } from "../../models/weights.ts";
import { assertSameRun, assertSameWeights, shareWeights } from "./same-run.ts";
import { sharedKeeper } from "../../checkpoint/shared-keeper.ts";
import { sharedSums } from "../evaluate/shared-sums.ts";
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
import { combinedStep } from "../step/combined-step.ts";
import { combinerState } from "../step/combiner-state.ts";
import { type Stepper, stepper } from "../step/stepper.ts";
import { callbackRun } from "./callback-run.ts";
import { callbacksOf } from "./callbacks-of.ts";

/** A run in progress: its assembly and its state. */
export interface Run extends RunState {
  readonly steps: Stepper;
  readonly recovery: Recovery;
  readonly held: FrozenStatistics;
  readonly warnings: string[];
  /** Reports a problem that does not end the run, on the console too. @param about reports only the first problem of this name */
  warn(line: string, about?: string): void;
  readonly keeper: Keeper | undefined;
  /** Writes a checkpoint, if the run has any. */
  checkpoint(): Promise<void>;
  /** Frees the tensors of the run, and releases the place of its checkpoints. */
  dispose(): Promise<void>;
}

/** Creates the parts of a run, and restores the newest checkpoint if the run resumes. */
export async function openRun(assembly: Assembly): Promise<Run> {
  const { optimizer, adapter, metrics, options } = assembly;
  const { collective } = options;
  if (collective) await shareWeights(collective, assembly);
  const chosen = callbacksOf(options);
  const warnings: string[] = [];
  const base = await fingerprint(adapter.weights);
  const digests = await digestsOf(assembly, base);
  const held = await frozenStatistics(assembly.held);
  const combined = options.combiner && combinedStep(assembly, options.combiner);
  const position: Position = { epoch: 0, at: 0, history: newHistory(), seconds: [], stopped: undefined };
  const guard = createGuard(options.guard);
  const factors = rateFactors(optimizer, options.learningRate);
  const moving = [...chosen, ...(combined ? [combinerState(combined.trainer)] : [])];
  const recover = recovery(assembly, options.guard, moving, (line) => warnings.push(line));
  // Factors first: a callback that reads its own state may scale the rate again.
  const callbacks = [factors, ...moving, guard, recover];
  const sums = metricSums(metrics, adapter.ports.outputNames);
  const state: RunState = {
    assembly,
    identity: identityOf(assembly, digests),
    base,
    position,
    sums: collective ? sharedSums(sums, collective) : sums,
    callbacks,
  };
  const told = new Set<string>();
  const warn = (line: string, about?: string): void => {
    if (about !== undefined && told.has(about)) return;
    if (about !== undefined) told.add(about);
    warnings.push(line);
    if (!collective || collective.rank === 0) console.warn(line);
  };
  const own = options.checkpoint && keeper(options.checkpoint, warn);
  const checkpoints = own && collective ? sharedKeeper(own, collective) : own;
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
      if (!checkpoints) return;
      if (collective) await assertSameWeights(collective, assembly);
      await checkpoints.write(optimizer.step, await capture(state));
    },
    async dispose() {
      await checkpoints?.release();
      for (const callback of callbacks) callback.dispose?.();
      combined?.trainer.dispose();
      state.sums.dispose();
    },
  };
  try {
    if (collective) assertSameRun(collective, assembly, state.identity);
    for (const callback of chosen) {
      const { name } = callback;
      await callback.runStart?.(callbackRun(assembly, { warn, scaleRate: (factor) => factors.scale(name, factor) }));
    }
    await checkpoints?.lock();
    if (options.checkpoint?.resume === true) {
      const found = await checkpoints?.newest();
      const warning = found && resume(state, found);
      if (warning !== undefined) warn(warning);
    } else await checkpoints?.assertEmpty();
    if (collective) await assertSameWeights(collective, assembly);
    for (const line of assembly.warnings) warn(line);
    noteResumeBase(writtenWeights(assembly), state.base);
    await recover.begin();
  } catch (error) {
    await run.dispose();
    throw error;
  }
  return run;
}

/** Computes the digests of base and data. They are needed for checkpoints, and to compare ranks; otherwise the digests are empty. */
async function digestsOf(assembly: Assembly, base: Fingerprint): Promise<Digests> {
  const { train, validation, options } = assembly;
  const { batchSize } = options;
  if (!options.checkpoint && !options.collective) return { base: "", data: undefined, validation: undefined };
  const mine = new Set(writtenWeights(assembly).map(({ name }) => name));
  return {
    base: fingerprintDigest(new Map([...base].filter(([name]) => !mine.has(name)))),
    data: await dataDigest(train, batchSize),
    validation: validation && (await dataDigest(validation, batchSize)),
  };
}
