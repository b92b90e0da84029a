import type { CutModel } from "../model/trainee.ts";
import type { Assembly } from "./assembly.ts";
import type { Batch } from "./batch.ts";
import { type BadStep, type GuardOptions, nonFiniteError } from "./guard.ts";
import { originOf } from "./origin.ts";
import { freezeExactly, putBack, type Snapshot, takeSnapshot } from "./snapshot.ts";

/** What the guard's policy does about a bad step. */
export interface Recovery {
  /** After a good step. */
  good(): Promise<void>;
  /** After a bad one, which was not taken. @throws NonFiniteError under `throw`, or after too many in a row. */
  bad(step: BadStep, cut: CutModel, batches: readonly Batch[]): Promise<void>;
}

/** @param warn gets one line for each step that was skipped or undone. */
export async function recovery(
  assembly: Assembly,
  options: GuardOptions,
  warn: (line: string) => void,
): Promise<Recovery> {
  const { policy = "throw", snapshotEvery = 50, patience = 10 } = options;
  let snapshot: Snapshot | undefined = policy === "rollback" ? await takeSnapshot(assembly) : undefined;
  let inRow = 0;
  return {
    async good() {
      inRow = 0;
      if (snapshot && assembly.optimizer.step % snapshotEvery === 0) snapshot = await takeSnapshot(assembly);
    },
    async bad(step, cut, batches) {
      inRow++;
      if (policy === "throw" || inRow > patience)
        throw nonFiniteError(step, await origin(assembly, step, cut, batches));
      if (snapshot) {
        // The schedule goes on from where it stood: only weights and slots go back.
        const { step: now, frozen } = assembly.optimizer;
        putBack(assembly, snapshot);
        freezeExactly(assembly.optimizer, frozen);
        assembly.optimizer.step = now;
        warn(`Step ${step.step} was bad (loss ${step.loss}): went back to the last good weights.`);
      } else warn(`Step ${step.step} was bad (loss ${step.loss}) and was skipped.`);
    },
  };
}

/** A jump has no origin: every value is finite. */
async function origin(
  assembly: Assembly,
  { spike }: BadStep,
  cut: CutModel,
  batches: readonly Batch[],
): Promise<string | undefined> {
  if (spike) return undefined;
  for (const [micro, batch] of batches.entries()) {
    const found = await originOf(assembly, cut, batch, micro);
    if (found) return found;
  }
  return undefined;
}
