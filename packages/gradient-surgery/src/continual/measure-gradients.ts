import { disposeGradients, OptionsError, type Param, taskGradients } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/** Losses to measure gradients of, and variables that must not change. */
export interface MeasureGradientsOptions {
  /** One loss per batch. The paper uses five batches. */
  readonly losses: Iterable<() => tf.Scalar> | AsyncIterable<() => tf.Scalar>;
  /** Variables that a forward pass writes, such as `moving_mean`. They are restored. @default [] */
  readonly statistics?: readonly tf.Variable[];
}

/**
 * Computes one number per parameter from its gradient, averaged over batches. Reads from the device once per batch.
 *
 * @param measure returns a scalar for a parameter and its gradient. A parameter without a gradient counts as 0.
 * @throws OptionsError if `losses` is empty.
 */
export async function measureGradients(
  params: readonly Param[],
  { losses, statistics = [] }: MeasureGradientsOptions,
  measure: (param: Param, grad: tf.Tensor) => tf.Tensor,
): Promise<readonly number[]> {
  const sums = new Float64Array(params.length);
  let count = 0;
  for await (const loss of losses) {
    const found = taskGradients(params, { loss }, statistics, true);
    const numbers = tf.tidy(() =>
      tf.stack(
        params.map((param) => {
          const grad = found.byTask.loss?.[param.name];
          return grad ? measure(param, grad) : tf.scalar(0);
        }),
      ),
    );
    disposeGradients(found);
    for (const [i, value] of (await numbers.data()).entries()) sums[i] = (sums[i] as number) + value;
    numbers.dispose();
    count++;
  }
  if (count === 0) throw new OptionsError("`losses` is empty.", "Pass one loss per batch, for about five batches.");
  return Array.from(sums, (sum) => sum / count);
}
