import * as tf from "@tensorflow/tfjs-core";
import type { Augment } from "../augment/augment.ts";
import { type Columns, rows } from "../data/columns.ts";
import { seeded } from "../random/random.ts";

/** The inputs of some examples in one view: new tensors. Validation data has the one view that is no change. */
export type Views = (indices: Int32Array, view: number) => tf.Tensor[];

/** The inputs as they are. */
export function plainViews({ inputs }: Columns): Views {
  return (indices) => rows(inputs, indices);
}

/** The first input augmented: each example by a generator of seed, view and its own number. */
export function augmentedViews({ inputs }: Columns, augment: readonly Augment[], seed: number): Views {
  return (indices, view) => {
    const picked = rows(inputs, indices);
    const randoms = [...indices].map((index) => seeded(seed, "augment", view, index));
    const changed = tf.tidy(() => augment.reduce((batch, { apply }) => apply(batch, randoms), picked[0] as tf.Tensor));
    if (changed !== picked[0]) picked[0]?.dispose();
    return [changed, ...picked.slice(1)];
  };
}
