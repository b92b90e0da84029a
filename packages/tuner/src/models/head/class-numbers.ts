import { OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/**
 * Reads the class number of each example.
 *
 * @param ys class numbers, shape `[n]` or `[n, 1]`, or one-hot rows, shape `[n, classes]`
 * @throws OptionsError if the labels have another shape, or if a label is not an integer from 0 to `classes − 1`
 */
export async function classNumbers(ys: tf.Tensor, classes: number): Promise<readonly number[]> {
  const width = ys.rank === 1 ? 1 : (ys.shape[1] as number);
  if (ys.rank > 2 || (width !== 1 && width !== classes))
    throw new OptionsError(
      `The labels have the shape [${ys.shape.join(", ")}].`,
      `Give class numbers, shape [n], or one-hot rows, shape [n, ${classes}].`,
    );
  const numbers = width === 1 ? ys : tf.argMax(ys, 1);
  const read = [...(await numbers.data())];
  if (numbers !== ys) numbers.dispose();
  const wrong = read.find((label) => !Number.isInteger(label) || label < 0 || label >= classes);
  if (wrong === undefined) return read;
  throw new OptionsError(`A label is ${wrong}.`, `Labels are class numbers from 0 to ${classes - 1}.`);
}
