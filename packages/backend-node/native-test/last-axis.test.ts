import type { BackendSession } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // registers the gradients
import { afterAll, beforeAll, expect, it } from "vitest";
import { nativeBackend } from "../src/index.ts";
import type { NativeKernelBackend } from "../src/load/native-backend-types.ts";

let session: BackendSession;
beforeAll(async () => {
  session = await nativeBackend().init();
});
afterAll(() => session.dispose());

type Numbers = readonly number[];

const run = (name: string, inputs: Readonly<Record<string, tf.Tensor>>, attrs = {}): tf.Tensor[] =>
  [tf.engine().runKernel(name, inputs as tf.NamedTensorMap, attrs)].flat();
const normal = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0.3, 2, "float32", seed);
const list = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());

/** Runs `compute` within a tidy. Checks that no tensor and no handle of TensorFlow is left. */
function clean(compute: () => void): void {
  const { binding } = tf.backend() as NativeKernelBackend;
  tf.tidy(compute);
  const before = [binding.getNumOfTensors(), tf.memory().numTensors];
  tf.tidy(compute);
  expect([binding.getNumOfTensors(), tf.memory().numTensors]).toEqual(before);
}

/** Expects errors below `tolerance` of `scale`, which is the largest value by default. */
function expectClose(found: tf.Tensor | undefined, expected: Numbers, tolerance: number, scale?: number): void {
  const values = list(found as tf.Tensor);
  expect(values.length).toBe(expected.length);
  const size = scale ?? expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (values[i] as number))), 0);
  expect(worst / size).toBeLessThan(tolerance);
}

/** Splits values into rows. */
const rowsOf = (values: Numbers, columns: number): Numbers[] =>
  Array.from({ length: values.length / columns }, (_, i) => values.slice(i * columns, (i + 1) * columns));
const sum = (values: Numbers): number => values.reduce((total, value) => total + value, 0);

/** Rows and columns: a single value, odd, prime, less and more than a vector, and enough for several threads. */
const SHAPES = [
  [1, 1],
  [3, 1],
  [1, 7],
  [5, 13],
  [2, 3, 8],
  [7, 17],
  [2, 2053],
  [67, 96],
  [137, 384],
  [3, 5000],
];

it.each(SHAPES.map((shape) => [shape]))("computes softmax of [%s] and its gradient as in float64", (shape) => {
  clean(() => {
    const [x, dy] = [tf.mul(normal(shape, 1), 3), normal(shape, 2)];
    const columns = shape.at(-1) as number;
    const expected = rowsOf(list(x), columns).map((row) => {
      const top = Math.max(...row);
      const exponentials = row.map((value) => Math.exp(value - top));
      return exponentials.map((value) => value / sum(exponentials));
    });
    const slopes = rowsOf(list(dy), columns).flatMap((d, i) => {
      const y = expected[i] as Numbers;
      const dot = sum(d.map((value, j) => value * (y[j] as number)));
      return d.map((value, j) => (y[j] as number) * (value - dot));
    });
    expectClose(tf.softmax(x), expected.flat(), 1e-6);
    const gradient = tf.grad((v: tf.Tensor) => tf.softmax(v))(x, dy);
    // A softmax near 0 and 1 has a gradient near 0, which is a difference of larger numbers.
    expectClose(gradient, slopes, 2e-6, Math.max(...list(dy).map(Math.abs)));
  });
});

it.each(SHAPES.map((shape) => [shape]))("computes layer norm of [%s] and its gradients as in float64", (shape) => {
  clean(() => {
    const columns = shape.at(-1) as number;
    const [x, dy, gamma, beta] = [normal(shape, 1), normal(shape, 2), normal([columns], 3), normal([columns], 4)];
    const epsilon = 1e-3;
    const [g, b] = [list(gamma), list(beta)];
    const given = rowsOf(list(x), columns);
    const deltas = rowsOf(list(dy), columns);
    const expected = given.map((row, r) => {
      const mean = sum(row) / columns;
      const inverse = 1 / Math.sqrt(sum(row.map((value) => (value - mean) ** 2)) / columns + epsilon);
      const h = row.map((value) => (value - mean) * inverse);
      const d = (deltas[r] as Numbers).map((value, j) => value * (g[j] as number));
      const [first, second] = [sum(d) / columns, sum(d.map((value, j) => value * (h[j] as number))) / columns];
      return { h, dx: d.map((value, j) => inverse * (value - first - (h[j] as number) * second)) };
    });
    const y = expected.flatMap(({ h }) => h.map((value, j) => value * (g[j] as number) + (b[j] as number)));
    const columnSums = (rows: readonly Numbers[]): number[] =>
      g.map((_, j) => sum(rows.map((row) => row[j] as number)));
    const forward = run("GraftLayerNorm", { x, gamma, beta }, { epsilon });
    const [, mean, rsigma] = forward as [tf.Tensor, tf.Tensor, tf.Tensor];
    expectClose(forward[0], y, 3e-6);
    const [dx, dgamma, dbeta] = run("GraftLayerNormGrad", { x, dy, gamma, mean, rsigma });
    if (columns > 1) {
      expectClose(
        dx,
        expected.flatMap((row) => row.dx),
        5e-6,
      );
      expectClose(
        dgamma,
        columnSums(expected.map(({ h }, r) => h.map((v, j) => v * ((deltas[r] as Numbers)[j] as number)))),
        5e-6,
      );
    } else expect([...list(dx as tf.Tensor), ...list(dgamma as tf.Tensor)].every((v) => Math.abs(v) < 1e-4)).toBe(true);
    expectClose(dbeta, columnSums(deltas), 5e-6);
  });
});

/** Returns erf x by its power series, or by the continued fraction of erfc for large x. Both are exact to float64. */
function erf(x: number): number {
  if (Math.abs(x) > 3) {
    let fraction = 0;
    for (let k = 60; k > 0; k--) fraction = k / 2 / (Math.abs(x) + fraction);
    return Math.sign(x) * (1 - Math.exp(-x * x) / Math.sqrt(Math.PI) / (Math.abs(x) + fraction));
  }
  let [term, total] = [x, x];
  for (let n = 1; n < 80; n++) {
    term *= -(x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

const exact = (x: number): number => 0.5 * x * (1 + erf(x / Math.SQRT2));
const tanhForm = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
const slope = (f: (x: number) => number, x: number): number => (f(x + 1e-4) - f(x - 1e-4)) / 2e-4;

it.each([
  ["GraftGeluErf", exact],
  ["GraftGelu", tanhForm],
])("computes %s and its gradient as in float64", (name, f) => {
  clean(() => {
    for (const count of [1, 7, 64, 129, 40_003]) {
      const x = tf.mul(tf.linspace(-12, 12, count), count === 1 ? 0.1 : 1);
      expectClose(run(name, { x })[0], list(x).map(f), 3e-7);
      const gradient = tf.grad((v: tf.Tensor) => run(name, { x: v })[0] as tf.Tensor)(x, tf.onesLike(x));
      expectClose(
        gradient,
        list(x).map((v) => slope(f, v)),
        1e-6,
      );
    }
  });
});

it("keeps NaN, saturates at infinity, and accepts tensors without values", () => {
  clean(() => {
    const special = tf.tensor1d([Number.NaN, Number.POSITIVE_INFINITY, -90, 90, 0]);
    const [y] = run("GraftGeluErf", { x: special });
    expect(list(y as tf.Tensor).map((v) => Math.abs(v))).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 0, 90, 0]);
    expect(
      list(
        tf.softmax(
          tf.tensor2d([
            [Number.NaN, 1],
            [1000, -1000],
            [Number.NEGATIVE_INFINITY, 0],
          ]),
        ),
      ),
    ).toEqual([...[Number.NaN, Number.NaN, 1, 0, 0, 1]]);
    for (const shape of [[0], [0, 5], [5, 0]]) {
      const empty = tf.zeros(shape);
      expect(run("GraftGelu", { x: empty })[0]?.shape).toEqual(shape);
      expect(tf.reshape(empty, [0, 3]).shape).toEqual([0, 3]);
      const [gamma, beta] = [tf.ones([shape.at(-1) as number]), tf.zeros([shape.at(-1) as number])];
      expect(run("GraftLayerNorm", { x: empty, gamma, beta }, { epsilon: 1 })[0]?.shape).toEqual(shape);
    }
  });
});

it("reshapes without a copy that a later step could change", () => {
  clean(() => {
    const x = tf.variable(tf.range(0, 12));
    const view = tf.reshape(x, [3, -1]);
    expect(view.shape).toEqual([3, 4]);
    x.assign(tf.zeros([12]));
    expect(list(view)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    x.dispose();
    expect(list(tf.reshape(tf.scalar(3), [1, 1]))).toEqual([3]);
  });
});
