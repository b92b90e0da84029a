import * as tf from "@tensorflow/tfjs-core";
import { StateError } from "../errors.ts";
import { bytesOf, describeState, joined, loadState, type SavedState, type StatefulOptimizer } from "./state.ts";

/** Tensors by name, as `tf.Optimizer` passes them to `model.save`. */
export type Weights = { name: string; tensor: tf.Tensor }[];

const HEADER = "graft/state.json";

/** Returns the optimizer's tensors by path. The first one holds the rest of the state as JSON in UTF-8, one int32 per byte. */
export function toWeights(optimizer: StatefulOptimizer): Weights {
  if (!optimizer.state) return [];
  const { head, tensors } = describeState(optimizer, optimizer.state);
  const header = tf.keep(tf.tensor1d(new TextEncoder().encode(JSON.stringify(head)), "int32"));
  return [
    { name: HEADER, tensor: header },
    ...tensors.map((tensor, i) => ({ name: head.specs[i]?.path as string, tensor })),
  ];
}

/** Loads the result of {@link toWeights}. @throws StateError if the weights are not a HookedOptimizer's, or do not fit. */
export async function fromWeights(optimizer: StatefulOptimizer, weights: Weights): Promise<void> {
  const [header, ...rest] = weights;
  if (!header) return;
  if (header.name !== HEADER) {
    throw new StateError(
      `The first weight is \`${header.name}\`; \`${HEADER}\` was expected.`,
      "These are not a HookedOptimizer's weights. Pass the result of its getWeights().",
    );
  }
  const text = new TextDecoder().decode(Uint8Array.from(await header.tensor.data()));
  const data = joined(await bytesOf(rest.map(({ tensor }) => tensor)));
  loadState(optimizer, { ...(JSON.parse(text) as Omit<SavedState, "data">), data });
}
