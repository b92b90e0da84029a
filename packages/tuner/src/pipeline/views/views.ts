import * as tf from "@tensorflow/tfjs-core";
import { seeded } from "../../random/random.ts";
import type { Augment } from "./augment.ts";

/**
 * Makes one view of the inputs of some examples. It owns the given tensors and returns those to use. Validation data has one view,
 * which is unchanged.
 */
export type Views = (inputs: tf.Tensor[], indices: Int32Array, view: number) => tf.Tensor[];

/** Returns the inputs unchanged. */
export const plainViews: Views = (inputs) => inputs;

/** Augments the first input. The random generator of an example depends on the seed, the view and the number of the example. */
export function augmentedViews(augment: readonly Augment[], seed: number): Views {
  return (inputs, indices, view) => {
    const randoms = [...indices].map((index) => seeded(seed, "augment", view, index));
    const changed = tf.tidy(() => augment.reduce((batch, { apply }) => apply(batch, randoms), inputs[0] as tf.Tensor));
    if (changed !== inputs[0]) inputs[0]?.dispose();
    return [changed, ...inputs.slice(1)];
  };
}
