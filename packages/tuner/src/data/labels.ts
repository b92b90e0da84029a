import * as tf from "@tensorflow/tfjs-core";
import { type Loss, SPARSE } from "../loss/loss.ts";
import { type Columns, DataError, type Port } from "./columns.ts";

/**
 * Labels that do not suit their loss: class numbers that are no class, shapes that would broadcast without a word.
 *
 * Reads the class numbers once. A function as loss is not checked: only it knows what it takes.
 * @throws DataError with every output that does not fit.
 */
export async function assertLabels(
  { labels }: Columns,
  losses: readonly Loss[],
  outputs: readonly Port[],
  what: string,
): Promise<void> {
  const problems: string[] = [];
  for (const [i, tensor] of labels.entries()) {
    const shape = outputs[i]?.shape ?? [];
    const loss = losses[i];
    // A converted graph may not say what shape its output has.
    if (shape.length === 0 || loss === undefined || typeof loss === "function") continue;
    problems.push(
      ...(SPARSE.has(loss)
        ? await classProblems(tensor, shape, `${what}.ys`, loss)
        : shapeProblems(tensor, shape, `${what}.ys`, loss)),
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
  if (tensor.size !== expected && !shape.slice(1).includes(null)) {
    return [
      `${what} is [${tensor.shape}]: \`${loss}\` takes one class number an example. Is it one-hot? Use the loss without "sparse".`,
    ];
  }
  if (typeof classes !== "number") return [];
  const found = tf.tidy(() => {
    const values = tf.cast(tensor, "float32");
    return tf.stack([tf.min(values), tf.max(values), tf.min(tf.cast(tf.equal(values, tf.floor(values)), "float32"))]);
  });
  const [low = 0, high = 0, whole] = await found.data();
  found.dispose();
  return low >= 0 && high < classes && whole === 1
    ? []
    : [`${what} holds class numbers from ${low} to ${high}, and the output has classes 0 to ${classes - 1}.`];
}

function shapeProblems(tensor: tf.Tensor, shape: readonly (number | null)[], what: string, loss: string): string[] {
  const fits = tensor.rank === shape.length && shape.every((n, i) => i === 0 || n === null || n === tensor.shape[i]);
  return fits
    ? []
    : [`${what} is [${tensor.shape}], and \`${loss}\` takes what the output has: [${shape.map((n) => n ?? "any")}].`];
}
