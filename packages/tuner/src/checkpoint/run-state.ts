import { RecipeError, type SavedState, StateError } from "@graftjs/core";
import { type Companion, under } from "../companions/companion.ts";
import type { Fingerprint } from "../delta/fingerprint.ts";
import type { Assembly } from "../run/assembly.ts";
import { assertBase } from "../run/base.ts";
import type { History } from "../run/history.ts";
import { putBack, takeSnapshot, written } from "../run/snapshot.ts";
import type { Tally } from "../run/tally.ts";
import type { CheckpointContent } from "./checkpoint.ts";
import { differences, type Identity } from "./identity.ts";

/** Where a run stands. */
export interface Position {
  epoch: number;
  /** Examples of the epoch that were seen. */
  at: number;
  history: History;
  seconds: number[];
  stopped: string | undefined;
}

/** What a checkpoint is made of and put back into. */
export interface RunState {
  readonly assembly: Assembly;
  readonly identity: Identity;
  /** Of the model before the run's first step: after a resume, of the run that was resumed. */
  base: Fingerprint;
  readonly position: Position;
  readonly sums: Tally;
  readonly companions: readonly Companion[];
}

/** Format 1 knew too little of the run to be compared with another. */
const FORMAT = 2;

interface Stored {
  readonly format: typeof FORMAT;
  readonly identity: Identity;
  readonly base: Readonly<Record<string, string>>;
  readonly position: Position;
  readonly examples: number;
  readonly sums: number;
  readonly optimizer: Omit<SavedState, "data">;
  readonly companions: Readonly<Record<string, unknown>>;
}

/** The whole run as plain data. */
export async function capture({
  assembly,
  identity,
  base,
  position,
  sums,
  companions,
}: RunState): Promise<CheckpointContent> {
  const { weights, optimizer } = await takeSnapshot(assembly);
  const { data, ...rest } = optimizer;
  const partial = await sums.save();
  const arrays = new Map<string, Float32Array | Uint8Array>([["optimizer", data]]);
  for (const [name, values] of weights) arrays.set(`weights/${name}`, values);
  partial.sums.forEach((values, i) => {
    arrays.set(`sums/${i}`, values);
  });
  const states: Record<string, unknown> = {};
  for (const { name, save } of companions) {
    const { json, tensors } = await save();
    states[name] = json;
    for (const [key, values] of tensors) arrays.set(`${name}/${key}`, values);
  }
  const json: Stored = {
    format: FORMAT,
    identity,
    base: Object.fromEntries(base),
    position,
    examples: partial.examples,
    sums: partial.sums.length,
    optimizer: rest,
    companions: states,
  };
  return { json, arrays };
}

/**
 * @returns a warning where the model is not as it was before the run.
 * @throws RecipeError where the checkpoint is of another run or base, StateError where it does not fit; nothing is changed then.
 */
export function resume(state: RunState, { json, arrays }: CheckpointContent): string | undefined {
  const { assembly, identity, position, sums, companions } = state;
  const stored = json as Stored;
  if (stored.format !== FORMAT) {
    throw new StateError(
      `The checkpoint is of format ${stored.format}, and this version of Graft reads format ${FORMAT}.`,
      "Finish the run with the version that began it, or begin anew in another folder.",
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
  const warning = assertBase(written(assembly), base, state.base);
  putBack(assembly, {
    weights: under(arrays, "weights/") as ReadonlyMap<string, Float32Array>,
    optimizer: { ...stored.optimizer, data: arrays.get("optimizer") as Uint8Array },
  });
  state.base = base;
  // A run that was stopped goes on; one that found its end has found it.
  const stopped = stored.position.stopped === "earlyStopping" ? "earlyStopping" : undefined;
  Object.assign(position, { ...stored.position, stopped });
  sums.load({
    examples: stored.examples,
    sums: Array.from({ length: stored.sums }, (_, i) => arrays.get(`sums/${i}`) as Float32Array),
  });
  for (const { name, load } of companions) {
    if (name in stored.companions) load({ json: stored.companions[name], tensors: under(arrays, `${name}/`) });
  }
  return warning;
}
