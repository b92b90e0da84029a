import * as tf from "@tensorflow/tfjs-core";
import { StateError } from "./errors.ts";
import type { HookedOptimizer } from "./optimizer.ts";
import { bytesOf, describeState, joined, loadState, type SavedState } from "./state.ts";

/** Tensors by name, as `tf.Optimizer` hands them to `model.save`. */
export type Weights = { name: string; tensor: tf.Tensor }[];

const HEADER = "graft/state.json";

/** The optimizer's tensors by path; before them what is not a tensor, as JSON in UTF-8, one int32 a byte. */
export function toWeights(optimizer: HookedOptimizer): Weights {
  if (!optimizer.state) return [];
  const { head, tensors } = describeState(optimizer, optimizer.state);
  const header = tf.keep(tf.tensor1d(new TextEncoder().encode(JSON.stringify(head)), "int32"));
  return [
    { name: HEADER, tensor: header },
    ...tensors.map((tensor, i) => ({ name: head.specs[i]?.path as string, tensor })),
  ];
}

/** @throws StateError where `weights` are not a HookedOptimizer's, or do not fit. */
export async function fromWeights(optimizer: HookedOptimizer, weights: Weights): Promise<void> {
  const [header, ...rest] = weights;
  if (!header) return;
  if (header.name !== HEADER) {
    throw new StateError(
      `The first weight is \`${header.name}\`, where \`${HEADER}\` is expected.`,
      "These are not a HookedOptimizer's weights. Pass what its getWeights() returned.",
    );
  }
  const text = new TextDecoder().decode(Uint8Array.from(await header.tensor.data()));
  const data = joined(await bytesOf(rest.map(({ tensor }) => tensor)));
  loadState(optimizer, { ...(JSON.parse(text) as Omit<SavedState, "data">), data });
}
