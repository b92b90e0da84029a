import * as tf from "@tensorflow/tfjs-core";
import { MISSING } from "./missing-gradients.ts";

/**
 * Corrects the gradient of `gather`. tfjs's own is an int32 tensor for indices that are computed, and throws for `batchDims: 1` unless the
 * program has registered chained ops.
 */
export function gatherGradient(stock: tf.GradFunc): tf.GradFunc {
  return (dy, saved, attrs) => {
    const [, indices] = saved as [tf.Tensor, tf.Tensor];
    const picked = MISSING.GatherV2?.gradFunc as tf.GradFunc;
    const grads = (attrs as { batchDims?: number }).batchDims ? picked(dy, saved, attrs) : stock(dy, saved, attrs);
    return { ...grads, indices: () => tf.zeros(indices.shape) };
  };
}

/** Makes the gradient of `prod`: for each element the product of the others. tfjs's own throws without chained ops. */
export function prodGradient(): tf.GradFunc {
  return (dy, saved, attrs) => {
    const [x] = saved as [tf.Tensor];
    const reduced = tf.util.parseAxisParam((attrs as unknown as { axis: number | number[] }).axis, x.shape);
    const order = [...x.shape.keys()].filter((axis) => !reduced.includes(axis)).concat(reduced);
    return {
      x: () => {
        const moved = tf.transpose(x, order);
        const size = reduced.reduce((product, axis) => product * (x.shape[axis] as number), 1);
        const rows = tf.reshape(moved, [-1, size]);
        const others = tf.mul(tf.cumprod(rows, 1, true, false), tf.cumprod(rows, 1, true, true));
        const gradient = tf.reshape(tf.mul(others, tf.reshape(dy as tf.Tensor, [-1, 1])), moved.shape);
        return tf.transpose(
          gradient,
          [...order.keys()].sort((a, b) => (order[a] as number) - (order[b] as number)),
        );
      },
    };
  };
}
