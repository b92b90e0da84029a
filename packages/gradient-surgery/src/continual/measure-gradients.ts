import { disposeGradients, OptionsError, type Param, taskGradients } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Losses of a few batches, and what must not move while they are probed. */
export interface MeasureGradientsOptions {
  /** One loss a batch; five batches in the paper. */
  readonly losses: Iterable<() => tf.Scalar> | AsyncIterable<() => tf.Scalar>;
  /** Variables that a forward pass writes (`moving_mean`, `moving_variance`): they stay as they are. @default [] */
  readonly statistics?: readonly tf.Variable[];
}

/**
 * The mean over batches of one number per parameter, in one read a batch.
 *
 * @param measure a scalar from a parameter and its gradient.
 * @throws OptionsError if no loss is given.
 */
export async function measureGradients(
  params: readonly Param[],
  { losses, statistics = [] }: MeasureGradientsOptions,
  measure: (param: Param, grad: tf.Tensor) => tf.Tensor,
): Promise<readonly number[]> {
  const sums = new Float64Array(params.length);
  let count = 0;
  for await (const loss of losses) {
    const found = taskGradients(params, { probe: loss }, statistics, true);
    const numbers = tf.tidy(() =>
      tf.stack(
        params.map((param) => {
          const grad = found.byTask.probe?.[param.name];
          return grad ? measure(param, grad) : tf.scalar(0);
        }),
      ),
    );
    disposeGradients(found);
    for (const [i, value] of (await numbers.data()).entries()) sums[i] = (sums[i] as number) + value;
    numbers.dispose();
    count++;
  }
  if (count === 0) throw new OptionsError("No loss was given.", "Pass one loss per batch, for about five batches.");
  return Array.from(sums, (sum) => sum / count);
}
