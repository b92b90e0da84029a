import { disposeGradients, OptionsError, type Param, type TensorMap, taskGradients } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { HostWeights } from "./host-weights.ts";

/** Options of {@link fisherInformation}. */
export interface FisherInformationOptions {
  readonly params: readonly Param[];
  /** Negative log-likelihoods, each of **one** example. The squared mean gradient of a batch is not the Fisher information. */
  readonly losses: Iterable<() => tf.Scalar> | AsyncIterable<() => tf.Scalar>;
  /** Variables that a forward pass writes, such as `moving_mean`. They are restored. @default [] */
  readonly statistics?: readonly tf.Variable[];
}

/**
 * Computes the diagonal Fisher information E[(∂ log p(y|x) / ∂w)²] from your data (Kirkpatrick et al. 2017, section 2.1).
 *
 * The losses decide which of two forms it is. Labels of the data give the empirical Fisher information. Labels that are drawn
 * from the predictions of the model give the true one. It needs one backward pass per example, and reads from the device once.
 *
 * @throws OptionsError if `losses` is empty.
 */
export async function fisherInformation(options: FisherInformationOptions): Promise<HostWeights> {
  const { params, losses, statistics = [] } = options;
  let sum: TensorMap | undefined;
  let count = 0;
  try {
    for await (const loss of losses) {
      const before: TensorMap | undefined = sum;
      const found = taskGradients(params, { example: loss }, statistics, true);
      sum = tf.tidy(() => {
        const squares = params.map(({ name, variable }) => {
          const grad = found.byTask.example?.[name];
          const square = grad ? tf.square(grad) : tf.zerosLike(variable);
          return [name, before ? tf.add(before[name] as tf.Tensor, square) : square] as const;
        });
        return Object.fromEntries(squares);
      });
      disposeGradients(found);
      if (before) tf.dispose(before as tf.NamedTensorMap);
      count++;
    }
    if (!sum || count === 0) {
      throw new OptionsError(
        "`losses` of fisherInformation is empty.",
        "Pass one loss per example, for a few hundred examples.",
      );
    }
    const total: TensorMap = sum;
    const values = await Promise.all(params.map(({ name }) => (total[name] as tf.Tensor).data()));
    return Object.fromEntries(
      params.map(({ name }, i) => [name, Float32Array.from(values[i] as Float32Array, (v) => v / count)]),
    );
  } finally {
    if (sum) tf.dispose(sum as tf.NamedTensorMap);
  }
}
