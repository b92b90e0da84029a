import * as tf from "@tensorflow/tfjs-core";
import type { FastGradient } from "../kernels/registration.ts";

/**
 * Gradient of Tile: the copies lie along axes of their own once dy is reshaped, and are summed there. tfjs slices dy into one
 * piece a copy and adds them up, thousands of operations for the layer norm of a small transformer.
 */
export function tileGradient(): FastGradient {
  return {
    gradient: (dy, [x], attrs) => {
      const { reps } = attrs as { reps: number[] };
      if (!x || dy.dtype !== "float32" || x.size === 0) return undefined;
      return {
        x: () => {
          // Axes of one copy need none of their own: TensorFlow sums over eight axes at most.
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
