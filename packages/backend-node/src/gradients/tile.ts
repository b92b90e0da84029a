import * as tf from "@tensorflow/tfjs-core";
import type { FastGradient } from "./replace-gradients.ts";

/**
 * Makes the gradient of Tile. It reshapes dy so that the copies have axes of their own, and sums over these. tfjs slices dy into
 * one piece per copy and adds them up, which takes thousands of operations for the layer norm of a small transformer.
 */
export function tileGradient(): FastGradient {
  return {
    gradient: (dy, [x], attrs) => {
      const { reps } = attrs as { reps: number[] };
      if (!x || dy.dtype !== "float32" || x.size === 0) return undefined;
      return {
        x: () => {
          // Leave out axes with a single copy, because TensorFlow sums over eight axes at most.
          const shape = x.shape.flatMap((size, i) => (reps[i] === 1 ? [size] : [reps[i] as number, size]));
          const axes = reps.flatMap((count, i) =>
            count === 1 ? [] : [i + reps.slice(0, i).filter((before) => before !== 1).length],
          );
          if (axes.length === 0) return tf.clone(dy);
          return tf.reshape(tf.sum(tf.reshape(dy, shape), axes), x.shape);
        },
      };
    },
  };
}
