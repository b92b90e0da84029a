import type { Callback, CallbackState, SavedState } from "@graftjs/core";
import {
  loadCallbacks,
  restoreCallbacks,
  saveCallbacks,
  storeCallbacks,
  under,
} from "../../callbacks/callback-states.ts";
import type { CutModel } from "../../models/adapter/model-adapter.ts";
import type { ParsedGuard } from "../../options/guard-options.ts";
import type { Batch } from "../../pipeline/batches/batch.ts";
import type { Assembly } from "../assembly/assembly.ts";
import { freezeExactly, putBack, type Snapshot, takeSnapshot } from "../assembly/snapshot.ts";
import { type BadStep, nonFiniteError } from "./guard.ts";
import { locateNonFinite } from "./locate-non-finite.ts";

/** Reacts to a bad step as the guard's policy demands. As a callback it saves the snapshot and the number of bad steps in a row. */
export interface Recovery extends Callback {
  /** Call it before the first step of a run or of a resumed run. */
  begin(): Promise<void>;
  /** Call it after a good step. */
  good(): Promise<void>;
  /** Call it after a bad step, which was not applied. @throws NonFiniteError under `throw`, or after too many in a row */
  bad(step: BadStep, cut: CutModel, batches: readonly Batch[]): Promise<void>;
}

/** Everything that a rollback restores: the snapshot, and the states of callbacks that change with each step. */
interface Kept extends Snapshot {
  readonly callbacks: ReadonlyMap<string, CallbackState>;
}

/**
 * Creates the recovery of a run.
 *
 * @param callbacks those that are `stepwise` are restored together with the weights.
 * @param warn gets one line for each step that was skipped or undone.
 */
export function recovery(
  assembly: Assembly,
  options: ParsedGuard,
  callbacks: readonly Callback[],
  warn: (line: string) => void,
): Recovery {
  const { policy, snapshotEvery, patience } = options;
  const moving = callbacks.filter(({ stepwise }) => stepwise);
  let kept: Kept | undefined;
  let inRow = 0;
  const keep = async (): Promise<void> => {
    kept = { ...(await takeSnapshot(assembly)), callbacks: await saveCallbacks(moving) };
  };
  const goBack = ({ callbacks: states, ...snapshot }: Kept): void => {
    // The schedule continues from the current step.
    const { step, frozen } = assembly.optimizer;
    putBack(assembly, snapshot);
    freezeExactly(assembly.optimizer, frozen);
    assembly.optimizer.step = step;
    loadCallbacks(moving, states);
  };
  return {
    name: "recovery",
    async begin() {
      if (policy === "rollback" && !kept) await keep();
    },
    async good() {
      inRow = 0;
      if (kept && assembly.optimizer.step % snapshotEvery === 0) await keep();
    },
    async bad(step, cut, batches) {
      inRow++;
      if (policy === "throw" || inRow > patience)
        throw nonFiniteError(step, await origin(assembly, step, cut, batches));
      const what = step.update?.problem ?? `loss ${step.loss}`;
      if (kept) {
        goBack(kept);
        warn(`Step ${step.step} was bad (${what}): went back to the last snapshot.`);
      } else warn(`Step ${step.step} was bad (${what}) and was skipped.`);
    },
    save: async () => ({
      json: { inRow, ...(kept ? described(kept) : {}) },
      tensors: kept ? arraysOf(kept) : new Map(),
    }),
    load({ json, tensors }) {
      const stored = json as Stored;
      inRow = stored.inRow;
      kept = stored.optimizer && revived(stored as Required<Stored>, tensors);
    },
  };
}

interface Stored {
  readonly inRow: number;
  readonly optimizer?: Omit<SavedState, "data">;
  readonly callbacks?: Readonly<Record<string, unknown>>;
}

function described({ optimizer: { data: _, ...optimizer }, callbacks }: Kept): Omit<Required<Stored>, "inRow"> {
  return { optimizer, callbacks: storeCallbacks(callbacks).json };
}

function arraysOf({ weights, optimizer, states, callbacks }: Kept): Map<string, Float32Array | Uint8Array> {
  const arrays = new Map<string, Float32Array | Uint8Array>([["optimizer", optimizer.data]]);
  for (const [name, values] of weights) arrays.set(`weights/${name}`, values);
  for (const [name, values] of states) arrays.set(`states/${name}`, values);
  for (const [path, values] of storeCallbacks(callbacks).arrays) arrays.set(path, values);
  return arrays;
}

function revived({ optimizer, callbacks }: Required<Stored>, arrays: CallbackState["tensors"]): Kept {
  return {
    weights: under(arrays, "weights/") as ReadonlyMap<string, Float32Array>,
    optimizer: { ...optimizer, data: arrays.get("optimizer") as Uint8Array },
    states: under(arrays, "states/") as ReadonlyMap<string, Float32Array>,
    callbacks: restoreCallbacks({ json: callbacks, arrays }),
  };
}

/** Finds the origin of a value that is not finite. After a jump of the loss, or before the update, every value is finite. */
async function origin(
  assembly: Assembly,
  { spike, update }: BadStep,
  cut: CutModel,
  batches: readonly Batch[],
): Promise<string | undefined> {
  if (spike || update) return undefined;
  for (const [micro, batch] of batches.entries()) {
    const found = await locateNonFinite(assembly, cut, batch, micro);
    if (found) return found;
  }
  return undefined;
}
