import { rateAt } from "@graftjs/core";
import { type Digests, identityOf } from "../checkpoint/identity.ts";
import { type Keeper, keeper } from "../checkpoint/keeper.ts";
import { capture, type Position, type RunState, resume } from "../checkpoint/run-state.ts";
import type { Companion } from "../companions/companion.ts";
import { earlyStopping } from "../companions/early-stopping.ts";
import { ema } from "../companions/ema.ts";
import { type PlateauCompanion, reduceOnPlateau } from "../companions/reduce-on-plateau.ts";
import { dataDigest } from "../data/data-digest.ts";
import type { Fingerprint } from "../delta/fingerprint.ts";
import { digest, fingerprint } from "../delta/fingerprint.ts";
import type { Assembly } from "./assembly.ts";
import { noteBase } from "./base.ts";
import { type CombinedStep, combinedStep } from "./combined-step.ts";
import { combinerState } from "./combiner-state.ts";
import { createGuard } from "./guard.ts";
import { type HeldStatistics, heldStatistics } from "./held.ts";
import { newHistory } from "./history.ts";
import type { FineTuneOptions } from "./options.ts";
import { type Recovery, recovery } from "./recovery.ts";
import { written } from "./snapshot.ts";
import { type Stepper, stepper } from "./stepper.ts";
import { tally } from "./tally.ts";

/** A run in progress: the assembly and everything that changes. */
export interface Run extends RunState {
  readonly steps: Stepper;
  readonly recovery: Recovery;
  readonly held: HeldStatistics;
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
  const { optimizer, trainee, metrics } = assembly;
  const warnings: string[] = [];
  const base = await fingerprint(trainee.weights);
  const digests = await digestsOf(assembly, options, base);
  const held = await heldStatistics(assembly.held);
  const combined = options.combiner && combinedStep(assembly, options.combiner);
  const position: Position = { epoch: 0, at: 0, history: newHistory(), seconds: [], stopped: undefined };
  const guard = createGuard(options.guard);
  const own = companionsOf(assembly, options, combined);
  const recover = recovery(assembly, options.guard ?? {}, own, (line) => warnings.push(line));
  const companions = [...own, guard, recover];
  const state: RunState = {
    assembly,
    identity: identityOf(assembly, options, digests),
    base,
    position,
    sums: tally(metrics, trainee.ports.outputNames),
    companions,
  };
  const told = new Set<string>();
  const warn = (line: string, about?: string): void => {
    if (about !== undefined && told.has(about)) return;
    if (about !== undefined) told.add(about);
    warnings.push(line);
    console.warn(line);
  };
  const kept = options.checkpoint && keeper(options.checkpoint, warn);
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
    keeper: kept,
    async checkpoint() {
      await kept?.write(optimizer.step, await capture(state));
    },
    dispose() {
      for (const { dispose } of companions) dispose?.();
      combined?.trainer.dispose();
      state.sums.dispose();
    },
  };
  try {
    if (options.checkpoint?.resume === true) {
      const found = await kept?.newest();
      const warning = found && resume(state, found);
      if (warning !== undefined) warn(warning);
    } else await kept?.assertEmpty();
    noteBase(written(assembly), state.base);
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
  const mine = new Set(written(assembly).map(({ name }) => name));
  return {
    base: digest(new Map([...base].filter(([name]) => !mine.has(name)))),
    data: await dataDigest(train, batchSize),
    validation: validation && (await dataDigest(validation, batchSize)),
  };
}

function companionsOf(assembly: Assembly, options: FineTuneOptions, combined: CombinedStep | undefined): Companion[] {
  const made: Companion[] = [];
  if (options.reduceOnPlateau) {
    const plateau: PlateauCompanion = reduceOnPlateau(assembly, options.reduceOnPlateau);
    made.push(plateau);
    const { learningRate } = options;
    assembly.optimizer.learningRate = (step: number) => rateAt(learningRate, step) * plateau.factor;
  }
  if (options.ema) made.push(ema(assembly, options.ema));
  if (options.earlyStopping) made.push(earlyStopping(assembly, options.earlyStopping));
  if (combined) made.push(combinerState(combined.trainer));
  return made;
}
