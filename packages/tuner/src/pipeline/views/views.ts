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
    const changed = tf.tidy(() =>
      augment.reduce((batch, { apply }) => apply(batch, randoms), tf.cast(inputs[0] as tf.Tensor, "float32")),
    );
    if (changed !== inputs[0]) inputs[0]?.dispose();
    return [changed, ...inputs.slice(1)];
  };
}

/** Casts changed inputs back to the dtypes of the given ones. Whole numbers are rounded, because a cast would cut them off. */
export function withTypes(views: Views): Views {
  return (inputs, indices, view) => {
    const types = inputs.map(({ dtype }) => dtype);
    return views(inputs, indices, view).map((tensor, i) => {
      const type = types[i];
      if (type === undefined || tensor.dtype === type) return tensor;
      const cast = tf.tidy(() => tf.cast(type === "float32" ? tensor : tf.round(tensor), type));
      tensor.dispose();
      return cast;
    });
  };
}
