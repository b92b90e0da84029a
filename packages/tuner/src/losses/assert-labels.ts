import * as tf from "@tensorflow/tfjs-core";
import type { Port } from "../models/adapter/ports.ts";
import { DataError } from "../pipeline/data-error.ts";
import { type Loss, type LossDefinition, lossOf } from "./loss.ts";

/**
 * Checks that labels suit their loss. It finds class indices beyond the last class, numbers that are not probabilities, and shapes
 * that would broadcast silently. It reads the smallest and the largest label of each output once. If the loss is a function, its
 * labels are not checked.
 *
 * @param names names of the outputs. The message names the output if there are several.
 * @param what begins the message: "data.ys".
 * @throws DataError with every output that does not fit.
 */
export async function assertLabels(
  labels: readonly tf.Tensor[],
  losses: readonly Loss[],
  outputs: readonly Port[],
  names: readonly string[],
  what: string,
): Promise<void> {
  const problems: string[] = [];
  for (const [i, tensor] of labels.entries()) {
    const shape = outputs[i]?.shape ?? [];
    const given = losses[i];
    if (given === undefined || typeof given === "function") continue;
    const loss = lossOf(given);
    const column = names.length > 1 ? `${what}, output \`${names[i]}\`,` : what;
    problems.push(
      ...(loss.sparse
        ? await classProblems(tensor, shape, column, loss.name)
        : [...shapeProblems(tensor, shape, column, loss.name), ...(await rangeProblems(tensor, column, loss))]),
    );
  }
  if (problems.length > 0) throw new DataError("The labels do not fit.", problems.join("\n"));
}

async function classProblems(
  tensor: tf.Tensor,
  shape: readonly (number | null)[],
  what: string,
  loss: string,
): Promise<string[]> {
  const classes = shape.at(-1);
  const expected = shape.slice(1, -1).reduce<number>((n, k) => n * (k ?? 1), tensor.shape[0] ?? 0);
  if (shape.length > 0 && tensor.size !== expected && !shape.slice(1).includes(null)) {
    return [
      `${what} is [${tensor.shape}]: \`${loss}\` takes one class number an example. Is it one-hot? Use the loss without "sparse".`,
    ];
  }
  if (typeof classes !== "number") return [];
  const { low, high, whole } = await extremes(tensor);
  return low >= 0 && high < classes && whole
    ? []
    : [`${what} holds class numbers from ${low} to ${high}, and the output has classes 0 to ${classes - 1}.`];
}

function shapeProblems(tensor: tf.Tensor, shape: readonly (number | null)[], what: string, loss: string): string[] {
  const fits =
    shape.length === 0 ||
    (tensor.rank === shape.length && shape.every((n, i) => i === 0 || n === null || n === tensor.shape[i]));
  return fits
    ? []
    : [
        `${what} is [${tensor.shape}], and \`${loss}\` takes labels of the output's shape, [${shape.map((n) => n ?? "any")}].`,
      ];
}

/** Checks the range of one output's labels. It does not look for NaN, because the guard names the origin of a NaN. */
async function rangeProblems(tensor: tf.Tensor, what: string, { name, range }: LossDefinition): Promise<string[]> {
  if (!range) return [];
  const { low, high } = await extremes(tensor);
  // Labels that were softened or mixed in float32 may leave the range by rounding.
  if (!(low < range[0] - ROUNDING || high > range[1] + ROUNDING)) return [];
  const most = range[1] === Number.POSITIVE_INFINITY ? "numbers ≥ 0" : `numbers from ${range[0]} to ${range[1]}`;
  return [`${what} holds numbers from ${low} to ${high}, and \`${name}\` takes ${most}.`];
}

const ROUNDING = 1e-5;

async function extremes(tensor: tf.Tensor): Promise<{ low: number; high: number; whole: boolean }> {
  const found = tf.tidy(() => {
    const values = tf.cast(tensor, "float32");
    return tf.stack([tf.min(values), tf.max(values), tf.min(tf.cast(tf.equal(values, tf.floor(values)), "float32"))]);
  });
  const [low = 0, high = 0, whole] = await found.data();
  found.dispose();
  return { low, high, whole: whole === 1 };
}
