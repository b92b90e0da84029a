import * as tf from "@tensorflow/tfjs-core";

/**
 * Returns a function that makes scalars, each number once. `tf.mul(x, 0.9)` uploads its number for every parameter.
 * Call `scalars()` once per transform, inside the step's tidy, which frees the scalars.
 */
export function scalars(): (value: number) => tf.Scalar {
  const made = new Map<number, tf.Scalar>();
  return (value) => {
    const known = made.get(value);
    if (known) return known;
    const fresh = tf.scalar(value, "float32");
    made.set(value, fresh);
    return fresh;
  };
}
