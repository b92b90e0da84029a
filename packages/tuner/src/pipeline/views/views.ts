import * as tf from "@tensorflow/tfjs-core";
import { seeded } from "../../random/random.ts";
import type { Augment } from "./augment.ts";

/**
 * What becomes of the inputs of some examples in one view: takes the tensors over and returns those to use. Validation data
 * has the one view that is no change.
 */
export type Views = (inputs: tf.Tensor[], indices: Int32Array, view: number) => tf.Tensor[];

/** The inputs as they are. */
export const plainViews: Views = (inputs) => inputs;

/** The first input augmented: each example by a generator of seed, view and its own number. */
export function augmentedViews(augment: readonly Augment[], seed: number): Views {
  return (inputs, indices, view) => {
    const randoms = [...indices].map((index) => seeded(seed, "augment", view, index));
    const changed = tf.tidy(() => augment.reduce((batch, { apply }) => apply(batch, randoms), inputs[0] as tf.Tensor));
    if (changed !== inputs[0]) inputs[0]?.dispose();
    return [changed, ...inputs.slice(1)];
  };
}
