import type { Param, TensorMap } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Seeded numbers in (−1, 1) (mulberry32): the same on every machine. */
export function numbers(seed: number, count: number): number[] {
  let a = seed;
  return Array.from({ length: count }, () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

/** Name, shape and unit axes: one of each layout that tfjs has, of differing sizes. */
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

/** Fresh variables in every layout. The caller disposes them with {@link disposeParams}. */
export function sampleParams(): readonly Param[] {
  return LAYOUTS.map(([name, shape, unitAxes], i) => {
    const [layer, role] = name.split("/") as [string, string];
    const size = shape.reduce((a, b) => a * b, 1);
    const variable = variableOf(numbers(i + 1, size), shape);
    return { name, layer, role, shape, unitAxes, variable };
  });
}

/** A variable that leaves no tensor behind: `tf.variable(tensor)` copies, and the original stays. */
export function variableOf(values: tf.TensorLike, shape?: readonly number[]): tf.Variable {
  return tf.tidy(() => tf.variable(tf.tensor(values, shape && [...shape], "float32")));
}

/** Gradients for `params`, other ones for every `seed`, of magnitude up to `scale`. The caller disposes them. */
export function sampleGrads(params: readonly Param[], seed: number, scale = 1): TensorMap {
  return Object.fromEntries(
    params.map(({ name, shape }, i) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const values = numbers(1000 * (seed + 1) + i, size).map((value) => value * scale);
      return [name, tf.tensor(values, [...shape])];
    }),
  );
}

export function disposeParams(params: readonly Param[]): void {
  for (const { variable } of params) variable.dispose();
}
