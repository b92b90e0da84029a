import type { HookedOptimizer, Param } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { trustStates } from "../src/index.ts";

/** Generates seeded numbers in [−1, 1) by mulberry32, as oracle.py does. */
export function numbers(seed: number, count: number): number[] {
  let a = seed;
  return Array.from({ length: count }, () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

/** Computes the number of values of a shape. */
export function size(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Creates a parameter with these values. The caller disposes its variable. */
export function param(name: string, shape: readonly number[], values: readonly number[]): Param {
  const [layer, role] = name.split("/") as [string, string];
  const variable = tf.tidy(() => tf.variable(tf.tensor([...values], [...shape])));
  return { name, layer, role, shape, unitAxes: [shape.length - 1], variable };
}

/** Shapes and start of oracle.py. */
export function net(zeros: readonly string[] = []): readonly Param[] {
  const shapes: readonly (readonly [string, readonly number[]])[] = [
    ["conv/kernel", [3, 3, 2, 4]],
    ["conv/bias", [4]],
    ["norm/gamma", [4]],
    ["head/kernel", [4, 5]],
    ["head/bias", [5]],
  ];
  return shapes.map(([name, shape], i) =>
    param(name, shape, zeros.includes(name) ? Array<number>(size(shape)).fill(0) : numbers(i + 1, size(shape))),
  );
}

/** Frees the variables of `params`. */
export function dispose(params: readonly Param[]): void {
  for (const { variable } of params) variable.dispose();
}

/** Creates seeded gradients with values in [−scale, scale). The directions differ between parameters. */
export function gradients(params: readonly Param[], seed: number, scale = 1): { [name: string]: tf.Tensor } {
  return Object.fromEntries(
    params.map(({ name, shape }, i) => [
      name,
      tf.tensor(
        numbers(500 * (seed + 1) + i, size(shape)).map((x) => x * scale),
        [...shape],
      ),
    ]),
  );
}

/** Computes ‖x‖ in float64. */
export function norm(values: ArrayLike<number>): number {
  return Math.hypot(...Array.from(values));
}

/** Reads the ratios of the last step from the first hook or rule of this package. Returns [] if the optimizer has none. */
export function ratiosOf(optimizer: HookedOptimizer): number[] {
  return trustStates(optimizer)
    .slice(0, 1)
    .flatMap(({ ratios }) => [...ratios.dataSync()]);
}
