import {
  type HookedOptimizer,
  loadState,
  type NamedWeight,
  type Param,
  type SavedState,
  saveState,
} from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Assembly } from "./assembly.ts";

/** Everything that a step writes, on the host. */
export interface Snapshot {
  /** Trained parameters and moving statistics by name. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  readonly optimizer: SavedState;
}

/** What a run may write to. */
export function written({ params, statistics }: Assembly): readonly (Param | NamedWeight)[] {
  return [...params, ...statistics];
}

export async function takeSnapshot(assembly: Assembly): Promise<Snapshot> {
  return { weights: await readAll(written(assembly)), optimizer: await saveState(assembly.optimizer) };
}

/** Puts a snapshot back, bit for bit. @throws StateError where it does not fit; nothing is changed then. */
export function putBack(assembly: Assembly, { weights, optimizer }: Snapshot): void {
  loadState(assembly.optimizer, optimizer);
  writeAll(written(assembly), weights);
}

/** Freezes the named parameters and no other. */
export function freezeExactly(optimizer: HookedOptimizer, names: readonly string[]): void {
  const frozen = new Set(names);
  if (optimizer.frozen.length > 0) optimizer.unfreeze("all");
  if (frozen.size > 0) optimizer.freeze(({ name }) => frozen.has(name));
}

export async function readAll(params: readonly Param[]): Promise<Map<string, Float32Array>> {
  // A copy: on some backends `data` hands out the array that holds the tensor.
  const entries = params.map(
    async ({ name, variable }) => [name, ((await variable.data()) as Float32Array).slice()] as const,
  );
  return new Map(await Promise.all(entries));
}

export function writeAll(params: readonly Param[], values: ReadonlyMap<string, Float32Array>): void {
  for (const { name, variable } of params) {
    const value = values.get(name);
    if (!value) continue;
    const tensor = tf.tensor(value, variable.shape, variable.dtype);
    variable.assign(tensor);
    tensor.dispose();
  }
}
