import { readWeights, writeWeights, writtenWeights } from "../../models/weights.ts";
import { type HookedOptimizer, loadState, type SavedState, saveState } from "@graftjs/core";
import type { Assembly } from "./assembly.ts";

/** A copy, on the host, of everything that a step writes. */
export interface Snapshot {
  /** Trained parameters and moving statistics by name. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly optimizer: SavedState;
  /** States of stateful layers by name. */
  readonly states: ReadonlyMap<string, Float32Array>;
}

/** Copies the weights and the optimizer's state to the host. */
export async function takeSnapshot(assembly: Assembly): Promise<Snapshot> {
  return {
    weights: await readWeights(writtenWeights(assembly)),
    optimizer: await saveState(assembly.optimizer),
    states: await assembly.states.read(),
  };
}

/** Restores a snapshot, bit for bit. @throws StateError if it does not fit; nothing is changed then */
export function putBack(assembly: Assembly, { weights, optimizer, states }: Snapshot): void {
  loadState(assembly.optimizer, optimizer);
  writeWeights(writtenWeights(assembly), weights);
  assembly.states.write(states);
}

/** Freezes the named parameters and unfreezes all others. */
export function freezeExactly(optimizer: HookedOptimizer, names: readonly string[]): void {
  const frozen = new Set(names);
  if (optimizer.frozen.length > 0) optimizer.unfreeze("all");
  if (frozen.size > 0) optimizer.freeze(({ name }) => frozen.has(name));
}

