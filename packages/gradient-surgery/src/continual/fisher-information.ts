import { disposeGradients, OptionsError, type Param, type TensorMap, taskGradients } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { HostWeights } from "./host-weights.ts";

export interface FisherInformationOptions {
  readonly params: readonly Param[];
  /** Negative log-likelihoods, each of **one** example: the square of a batch's mean gradient is not Fisher information. */
  readonly losses: Iterable<() => tf.Scalar> | AsyncIterable<() => tf.Scalar>;
  /** Variables that a forward pass writes (`moving_mean`, `moving_variance`): they stay as they are. @default [] */
  readonly statistics?: readonly tf.Variable[];
}

/**
 * Diagonal Fisher information E[(∂ log p(y|x) / ∂w)²] from the user's data (Kirkpatrick et al. 2017, section 2.1). With the
 * labels of the data it is the empirical Fisher; with labels drawn from the model's own prediction, the true one: which
 * of the two is decided by the losses. One backward pass an example; read back once, at the end.
 *
 * @throws OptionsError if no loss is given.
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
      throw new OptionsError("`losses` of fisherInformation is empty.", "Pass one loss an example, a few hundred.");
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
