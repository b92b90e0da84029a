import { type Callback, RecipeError, type SavedState, StateError } from "@graftjs/core";
import {
  loadCallbacks,
  restoreCallbacks,
  saveCallbacks,
  storeCallbacks,
  under,
} from "../../callbacks/callback-states.ts";
import type { CheckpointContent } from "../../checkpoint/checkpoint.ts";
import type { Fingerprint } from "../../models/fingerprint.ts";
import { writtenWeights } from "../../models/weights.ts";
import type { Assembly } from "../assembly/assembly.ts";
import { putBack, takeSnapshot } from "../assembly/snapshot.ts";
import type { History } from "../evaluate/history.ts";
import type { MetricSums } from "../evaluate/metric-sums.ts";
import { differences, type Identity } from "./identity.ts";
import { assertResumeBase } from "./resume-base.ts";

/** The progress of a run. */
export interface Position {
  epoch: number;
  /** Number of the epoch's examples that were used. */
  at: number;
  history: History;
  seconds: number[];
  stopped: string | undefined;
}

/** The parts of a run that a checkpoint is made from and restored into. */
export interface RunState {
  readonly assembly: Assembly;
  readonly identity: Identity;
  /** Fingerprint of the model before the first step of the run, or of the run that was resumed. */
  base: Fingerprint;
  readonly position: Position;
  readonly sums: MetricSums;
  readonly callbacks: readonly Callback[];
}

/** Format 1 did not describe the run well enough to compare it with another. Format 2 kept callbacks' states elsewhere. */
const FORMAT = 3;

interface Stored {
  readonly format: typeof FORMAT;
  readonly identity: Identity;
  readonly base: Readonly<Record<string, string>>;
  readonly position: Position;
  readonly examples: number;
  readonly sums: number;
  readonly optimizer: Omit<SavedState, "data">;
  /** JSON of the callbacks' states, by callback. */
  readonly callbacks: Readonly<Record<string, unknown>>;
}

/** Returns the whole run as plain data. */
export async function capture({
  assembly,
  identity,
  base,
  position,
  sums,
  callbacks,
}: RunState): Promise<CheckpointContent> {
  const { weights, optimizer, states: layerStates } = await takeSnapshot(assembly);
  const { data, ...rest } = optimizer;
  const partial = await sums.save();
  const arrays = new Map<string, Float32Array | Uint8Array>([["optimizer", data]]);
  for (const [name, values] of weights) arrays.set(`weights/${name}`, values);
  for (const [name, values] of layerStates) arrays.set(`states/${name}`, values);
  partial.sums.forEach((values, i) => {
    arrays.set(`sums/${i}`, values);
  });
  const states = storeCallbacks(await saveCallbacks(callbacks));
  for (const [path, values] of states.arrays) arrays.set(path, values);
  const json: Stored = {
    format: FORMAT,
    identity,
    base: Object.fromEntries(base),
    position,
    examples: partial.examples,
    sums: partial.sums.length,
    optimizer: rest,
    callbacks: states.json,
  };
  return { json, arrays };
}

/**
 * Restores a run from a checkpoint.
 *
 * @returns a warning if the model differs from the one before the run.
 * @throws RecipeError if the checkpoint is of another run or base; StateError if it does not fit. Nothing is changed then.
 */
export function resume(state: RunState, { json, arrays }: CheckpointContent): string | undefined {
  const { assembly, identity, position, sums, callbacks } = state;
  const stored = json as Stored;
  if (stored.format !== FORMAT) {
    throw new StateError(
      `The checkpoint is of format ${stored.format}, and this version of Graft reads format ${FORMAT}.`,
      "Finish the run with the version that started it, or start again in another folder.",
    );
  }
  const problems = differences(stored.identity, identity);
  if (problems.length > 0) {
    throw new RecipeError(
      `The checkpoint is of another run, in ${problems.length} place(s).`,
      `${problems.join("\n")}\nResume with the options it was written with, or write to another folder.`,
    );
  }
  const base: Fingerprint = new Map(Object.entries(stored.base));
  const warning = assertResumeBase(writtenWeights(assembly), base, state.base);
  putBack(assembly, {
    weights: under(arrays, "weights/") as ReadonlyMap<string, Float32Array>,
    optimizer: { ...stored.optimizer, data: arrays.get("optimizer") as Uint8Array },
    states: under(arrays, "states/") as ReadonlyMap<string, Float32Array>,
  });
  state.base = base;
  // A run that someone stopped, or that reached `maxSteps`, continues. A run that a callback ended stays ended.
  const { stopped: reason } = stored.position;
  const stopped = reason === "stopped" || reason === "maxSteps" ? undefined : reason;
  Object.assign(position, { ...stored.position, stopped });
  sums.load({
    examples: stored.examples,
    sums: Array.from({ length: stored.sums }, (_, i) => arrays.get(`sums/${i}`) as Float32Array),
  });
  loadCallbacks(callbacks, restoreCallbacks({ json: stored.callbacks, arrays }));
  return warning;
}
