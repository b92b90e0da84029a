import * as tf from "@tensorflow/tfjs-core";
import type { StateTree } from "../state/tree.ts";

/**
 * Returns `next`, plus the slots in `old` of parameters in `names` that `next` no longer mentions.
 *
 * A hook sees only the parameters that are not frozen, and returns state for those. This function adds the slots of the
 * frozen parameters again by name, so that freezing and unfreezing loses no slot.
 */
export function carryOver(old: StateTree | undefined, next: StateTree, names: ReadonlySet<string>): StateTree {
  if (!isBranch(old) || !isBranch(next)) return next;
  const gone = Object.entries(old).filter(([key]) => !(key in next) && names.has(key));
  const kept = Object.entries(next).map(([key, child]) => [key, carryOver(old[key], child, names)] as const);
  return Object.fromEntries([...kept, ...gone]);
}

function isBranch(node: StateTree | undefined): node is { readonly [key: string]: StateTree } {
  return typeof node === "object" && node !== null && !Array.isArray(node) && !(node instanceof tf.Tensor);
}
