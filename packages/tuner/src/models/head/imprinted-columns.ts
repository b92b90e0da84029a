import { OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type * as layers from "@tensorflow/tfjs-layers";
import { classNumbers } from "./class-numbers.ts";
import { headFeatures } from "./head-features.ts";

/** Labelled examples for a head: inputs of the model, or the features that the head reads. */
export type HeadExamples = { readonly ys: tf.Tensor } & (
  | { readonly xs: tf.Tensor | readonly tf.Tensor[] }
  | { readonly features: tf.Tensor2D }
);

interface Examples {
  readonly model: layers.LayersModel;
  readonly data: HeadExamples;
  readonly batchSize: number;
  /** Kernel of the old head, shape `[features, classes]`. */
  readonly kernel: tf.Tensor2D;
  readonly bias: tf.Tensor1D | undefined;
  /** Number of new classes. */
  readonly add: number;
}

/** Columns of new classes. */
export interface Columns {
  /** Shape `[features, add]`. */
  readonly kernel: tf.Tensor;
  /** Shape `[add]`. */
  readonly bias: tf.Tensor;
}

/**
 * Computes the columns of new classes from examples. `extendHead` describes the rule.
 *
 * @throws OptionsError if a label is out of range, or if a new class has no example
 */
export async function imprintedColumns(examples: Examples): Promise<Columns> {
  const { model, data, batchSize, kernel, bias, add } = examples;
  const [size, old] = kernel.shape;
  const labels = await classNumbers(data.ys, old + add);
  const missing = Array.from({ length: add }, (_, i) => old + i).filter((c) => !labels.includes(c));
  if (missing.length > 0)
    throw new OptionsError(
      `The new classes ${missing.join(", ")} have no example.`,
      `The old classes have the numbers 0 to ${old - 1}. Give one or more examples per new class.`,
    );
  const values = "features" in data ? data.features : headFeatures(model, data.xs, batchSize);
  // A dense layer with an activation gives no logits, so its product is computed here.
  const scores = tf.tidy(() => tf.max(bias ? tf.add(tf.matMul(values, kernel), bias) : tf.matMul(values, kernel), 1));
  const norms = tf.tidy(() => tf.mean(tf.norm(kernel, 2, 0)));
  const [rows, best, [length]] = await Promise.all([values.data(), scores.data(), norms.data()]);
  tf.dispose([scores, norms]);
  if (!("features" in data)) values.dispose();

  const columns = new Float32Array(size * add);
  const biases = new Float32Array(add);
  for (let c = 0; c < add; c++) {
    const inside = labels.map((label) => label === old + c);
    const column = direction(rows, inside, size).map((value) => value * (length as number));
    // The margin of an example is the new class's score without bias, less the best score of the old classes.
    const margins = inside.map((_, row) => dot(rows, row, column) - (best[row] as number));
    biases[c] = -threshold(margins, inside);
    for (let i = 0; i < size; i++) columns[i * add + c] = column[i] as number;
  }
  return { kernel: tf.tensor2d(columns, [size, add]), bias: tf.tensor1d(biases) };
}

/** Returns the unit vector from the mean of the other rows to the mean of the rows inside. */
function direction(rows: ArrayLike<number>, inside: readonly boolean[], size: number): readonly number[] {
  const sums = { in: new Float64Array(size), out: new Float64Array(size) };
  inside.forEach((is, row) => {
    const sum = is ? sums.in : sums.out;
    for (let i = 0; i < size; i++) sum[i] = (sum[i] as number) + (rows[row * size + i] as number);
  });
  const count = inside.filter(Boolean).length;
  const others = Math.max(1, inside.length - count);
  const difference = Array.from(sums.in, (sum, i) => sum / count - (sums.out[i] as number) / others);
  const norm = Math.hypot(...difference);
  return difference.map((value) => (norm > 0 ? value / norm : 0));
}

/** Returns the margin halfway between the two groups. Without other examples, it is the smallest margin of the class. */
function threshold(margins: readonly number[], inside: readonly boolean[]): number {
  const own = margins.filter((_, row) => inside[row]);
  const others = margins.filter((_, row) => !inside[row]);
  return others.length > 0 ? (mean(own) + mean(others)) / 2 : Math.min(...own);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function dot(rows: ArrayLike<number>, row: number, column: readonly number[]): number {
  return column.reduce((sum, value, i) => sum + value * (rows[row * column.length + i] as number), 0);
}
