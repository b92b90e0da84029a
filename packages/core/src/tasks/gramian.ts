import * as tf from "@tensorflow/tfjs-core";
import type { TensorMap } from "../params/tensor-map.ts";

/**
 * Computes the m × m Gramians G = J Jᵀ of task gradients, one per group of parameters: row-major, float64, in one awaited read.
 *
 * Each task's gradient is divided by its largest magnitude before it is multiplied, and G is scaled back in float64:
 * gradients of 1e-30 and 1e30 have the same relative accuracy as those of 1. If a task has no gradient for a parameter, it
 * counts as 0 there.
 *
 * @param groups names of parameters by group.
 */
export async function gramians(
  byTask: { readonly [task: string]: TensorMap },
  groups: ReadonlyMap<string, readonly string[]>,
): Promise<ReadonlyMap<string, Float64Array>> {
  const maps = Object.values(byTask);
  if (groups.size === 0) return new Map();
  const packed = tf.tidy(() => tf.concat([...groups.values()].map((names) => packGramian(maps, names))));
  const numbers = await packed.data();
  packed.dispose();
  const length = packedLength(maps.length);
  return new Map(
    [...groups.keys()].map((group, g) => [
      group,
      unpackGramian(numbers.subarray(g * length, (g + 1) * length), maps.length),
    ]),
  );
}

/** Returns the numbers to read back: the upper triangle of the Gramian of the scaled gradients, then the m scales. Call it in a tidy. */
export function packGramian(maps: readonly TensorMap[], names: readonly string[]): tf.Tensor1D {
  const zero = tf.scalar(0);
  const scales = maps.map((map) => {
    const peaks = names.flatMap((name) => {
      const grad = map[name];
      return grad ? [tf.tidy(() => tf.max(tf.abs(grad)))] : [];
    });
    const largest = tf.max(tf.stack([zero, ...peaks]));
    return tf.where(tf.greater(largest, 0), largest, tf.onesLike(largest));
  });
  const upper = names.map((name) =>
    // One tidy per parameter, so that the scaled copies of a tensor are freed before the next ones are made.
    tf.tidy(() => {
      const scaled = maps.map((map, i) => (map[name] ? tf.div(map[name], scales[i] as tf.Tensor) : undefined));
      return tf.stack(
        scaled.flatMap((a, i) =>
          scaled.slice(i).map((b) => {
            if (!a || !b) return zero;
            const product = tf.mul(a, b);
            // In two steps: a float32 sum over a million terms in a row loses three digits.
            return tf.sum(product.rank > 1 ? tf.sum(product, -1) : product);
          }),
        ),
      );
    }),
  );
  return tf.concat([tf.addN(upper), tf.stack(scales)]) as tf.Tensor1D;
}

export function packedLength(m: number): number {
  return (m * (m + 1)) / 2 + m;
}

export function unpackGramian(packed: ArrayLike<number>, m: number): Float64Array {
  const gram = new Float64Array(m * m);
  const scales = Array.from({ length: m }, (_, i) => packed[packedLength(m) - m + i] as number);
  let at = 0;
  for (let i = 0; i < m; i++) {
    for (let j = i; j < m; j++) {
      const value = (packed[at++] as number) * (scales[i] as number) * (scales[j] as number);
      gram[i * m + j] = value;
      gram[j * m + i] = value;
    }
  }
  return gram;
}
