import * as tf from "@tensorflow/tfjs-core";
import type { StateTree } from "../state/tree.ts";

/** Combines the `skip` values of several parts: true if one is true on the host, else one bool tensor, else false. */
export function anySkip(skips: readonly (boolean | tf.Tensor | undefined)[]): boolean | tf.Tensor {
  if (skips.includes(true)) return true;
  const onDevice = skips.filter((skip) => skip instanceof tf.Tensor);
  return onDevice.length > 0 && onDevice.reduce((a, b) => tf.logicalOr(a, b));
}

/**
 * Returns `next`, or `old` if `skip` is true: chosen tensor by tensor, on the device. Plain numbers come from `next`,
 * because the host does not know the answer. A tensor that `old` does not have yet starts at 0.
 */
export function unlessSkipped(skip: tf.Tensor, old: StateTree | undefined, next: StateTree): StateTree {
  if (next instanceof tf.Tensor) {
    const before = old instanceof tf.Tensor && String(old.shape) === String(next.shape) ? old : tf.zerosLike(next);
    return tf.where(skip, before, next);
  }
  if (next === null || typeof next !== "object") return next;
  const child = (key: string): StateTree | undefined => (old as Record<string, StateTree> | null | undefined)?.[key];
  if (Array.isArray(next)) return next.map((item: StateTree, i) => unlessSkipped(skip, child(String(i)), item));
  return Object.fromEntries(Object.entries(next).map(([key, item]) => [key, unlessSkipped(skip, child(key), item)]));
}
