import * as tf from "@tensorflow/tfjs-core";

/** The gradient of one op, compared with the reference backend. */
export interface GradientCheck {
  readonly op: string;
  /** max |a − b| / max |b| over all elements, for the gradient a and its reference b. Undefined if the gradient could not be computed. */
  readonly error?: number;
  readonly ok: boolean;
  /** The problem, if there is one. */
  readonly reason?: string;
}

/** Backends with 32-bit floats differ by a few 1e-6 in these ten gradients. 16-bit floats exceed the tolerance. */
const TOLERANCE = 1e-3;

type Case = readonly [op: string, inputs: readonly (readonly number[])[], f: (...inputs: tf.Tensor[]) => tf.Tensor];

const image = [2, 6, 6, 3] as const;
const CASES: readonly Case[] = [
  [
    "matMul",
    [
      [3, 4],
      [4, 5],
    ],
    (a, b) => tf.matMul(a as tf.Tensor, b as tf.Tensor),
  ],
  ["conv2d", [image, [3, 3, 3, 4]], (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, "same")],
  [
    "depthwiseConv2d",
    [image, [3, 3, 3, 1]],
    (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same"),
  ],
  [
    "batchNorm",
    [image, [3], [3]],
    (x, mean, offset) =>
      tf.batchNorm(x as tf.Tensor4D, mean as tf.Tensor1D, tf.ones([3]), offset as tf.Tensor1D, tf.ones([3])),
  ],
  ["maxPool", [image], (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, "valid")],
  ["relu6", [[4, 5]], (x) => tf.relu6(tf.mul(x as tf.Tensor, 5))],
  ["softmax", [[4, 5]], (x) => tf.softmax(x as tf.Tensor)],
  ["gather", [[6, 3]], (x) => tf.gather(x as tf.Tensor, tf.tensor1d([0, 2, 2], "int32"))],
  ["mean", [[4, 5, 6]], (x) => tf.mean(x as tf.Tensor, [1, 2])],
  ["add, broadcast", [[4, 5], [5]], (a, b) => tf.tanh(tf.add(a as tf.Tensor, b as tf.Tensor))],
];

/** Computes the ten gradients on the current backend. Returns by op the values, or the error's message. */
export async function gradientValues(): Promise<Readonly<Record<string, readonly number[] | string>>> {
  const found: Record<string, readonly number[] | string> = {};
  for (const [op, shapes, f] of CASES) {
    try {
      const grads = tf.tidy(() => {
        const inputs = shapes.map((shape, i) => wave(shape, i));
        // The output's gradient varies from element to element, so that errors cannot cancel.
        return tf.grads(f)(inputs, wave(f(...inputs).shape, 7));
      });
      found[op] = (await Promise.all(grads.map((grad) => grad.data()))).flatMap((values) => Array.from(values));
      tf.dispose(grads);
    } catch (cause) {
      found[op] = cause instanceof Error ? (cause.message.split("\n")[0] as string) : String(cause);
    }
  }
  return found;
}

/** Compares the ten gradients with those of the reference. */
export function compareGradients(
  values: Awaited<ReturnType<typeof gradientValues>>,
  reference: typeof values,
): readonly GradientCheck[] {
  return CASES.map(([op]) => {
    const [found, expected] = [values[op], reference[op]];
    if (typeof found === "string" || found === undefined) return { op, ok: false, reason: found ?? "not computed" };
    if (typeof expected === "string" || expected === undefined)
      return { op, ok: false, reason: `the reference backend has no value: ${expected}` };
    const size = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
    const error = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (found[i] as number)) / size), 0);
    return error < TOLERANCE
      ? { op, error, ok: true }
      : { op, error, ok: false, reason: `off by ${error.toExponential(1)} of the largest value` };
  });
}

/** Makes values that are irregular along every axis and the same on every backend. Random numbers would differ. */
function wave(shape: readonly number[], phase: number): tf.Tensor {
  const size = tf.util.sizeFromShape([...shape]);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + phase) + 0.3),
    [...shape],
  );
}
