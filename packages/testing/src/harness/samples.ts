import type { Param, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Generates seeded numbers in [−1, 1) by mulberry32. They are the same on every machine. */
export function numbers(seed: number, count: number): number[] {
  let a = seed;
  return Array.from({ length: count }, () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

/** Name, shape and unit axes of one parameter per layout that tfjs has. The sizes differ. */
const LAYOUTS: readonly (readonly [string, readonly number[], readonly number[]])[] = [
  ["conv/kernel", [3, 3, 2, 4], [3]],
  ["conv/bias", [4], [0]],
  ["depthwise/depthwise_kernel", [3, 3, 4, 1], [2, 3]],
  ["norm/gamma", [4], [0]],
  ["norm/beta", [4], [0]],
  ["hidden/kernel", [4, 5], [1]],
  ["hidden/bias", [5], [0]],
  ["head/kernel", [5, 2], [1]],
  ["head/bias", [2], [0]],
];

/** Creates one parameter per layout of tfjs, with seeded values. The caller frees them with {@link disposeParams}. */
export function sampleParams(): readonly Param[] {
  return LAYOUTS.map(([name, shape, unitAxes], i) => {
    const [layer, role] = name.split("/") as [string, string];
    const size = shape.reduce((a, b) => a * b, 1);
    const variable = variableOf(numbers(i + 1, size), shape);
    return { name, layer, role, shape, unitAxes, variable };
  });
}

/** Creates a float32 variable. `tf.variable(tensor)` copies its argument; the tidy frees that argument. */
export function variableOf(values: tf.TensorLike, shape?: readonly number[]): tf.Variable {
  return tf.tidy(() => tf.variable(tf.tensor(values, shape && [...shape], "float32")));
}

/**
 * Creates one gradient per parameter. The caller disposes them.
 *
 * @param seed another seed gives other gradients.
 * @param scale the largest magnitude. @default 1
 */
export function sampleGrads(params: readonly Param[], seed: number, scale = 1): TensorMap {
  return Object.fromEntries(
    params.map(({ name, shape }, i) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const values = numbers(1000 * (seed + 1) + i, size).map((value) => value * scale);
      return [name, tf.tensor(values, [...shape])];
    }),
  );
}

/** Frees the variables of `params`. */
export function disposeParams(params: readonly Param[]): void {
  for (const { variable } of params) variable.dispose();
}
