import * as tf from "@tensorflow/tfjs-core";

/**
 * Numbers as tensors, each made once: `tf.mul(x, 0.9)` would upload its number for every parameter anew. Make one a
 * transform, inside the step's tidy, which frees them.
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
