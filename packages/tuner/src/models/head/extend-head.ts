import { OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { headOf } from "./head-of.ts";
import { type HeadExamples, imprintedColumns } from "./imprinted-columns.ts";

export interface ExtendHeadOptions {
  /** Number of classes to add. */
  readonly add: number;
  /**
   * Examples from which the new columns start. Each new class needs one or more. Examples of the old classes make the start better.
   * `ys` holds class numbers, shape `[n]`, or one-hot rows. The new classes have the numbers after the old ones. Give the inputs of the
   * model as `xs`, or what `headFeatures` computed from them as `features`.
   */
  readonly data?: HeadExamples;
  /** Examples per batch when features are computed. @default 32 */
  readonly batchSize?: number;
}

/**
 * Creates a model whose dense head has more classes. The old columns are copied bit for bit, so that the old classes keep their
 * logits. With `data`, the model recognizes the new classes before any training.
 *
 * A new column points from the mean feature of the other examples to the mean feature of its class. It is as long as the old columns
 * are on average. Its bias sets the threshold halfway between its class and the other examples. Source: Qi, Brown and Lowe 2018,
 * "Low-Shot Learning with Imprinted Weights", without their normalized features. Without `data`, a new column is zero.
 *
 * The new model has the same name and shares the layers before the head: disposing one model also disposes the layers of the other.
 *
 * @throws OptionsError if the head is not one dense layer, or if a new class has no example
 */
export async function extendHead(
  model: layers.LayersModel,
  { add, data, batchSize = 32 }: ExtendHeadOptions,
): Promise<layers.LayersModel> {
  if (!Number.isInteger(add) || add < 1)
    throw new OptionsError(`\`add\` of extendHead is ${add}.`, "Give an integer ≥ 1: the number of new classes.");
  const { dense, features, after } = headOf(model);
  const [kernel, bias] = dense.getWeights() as [tf.Tensor2D, tf.Tensor1D | undefined];
  const columns = data
    ? await imprintedColumns({ model, data, batchSize, kernel, bias, add })
    : tf.tidy(() => ({ kernel: tf.zeros([kernel.shape[0], add]), bias: tf.zeros([add]) }));
  const config = { ...dense.getConfig(), units: kernel.shape[1] + add } as never;
  const head = layers.layers.dense(config);
  let output = head.apply(features) as layers.SymbolicTensor;
  for (const layer of after) output = copyOf(layer).apply(output) as layers.SymbolicTensor;
  const made = layers.model({ inputs: model.inputs, outputs: output, name: model.name });
  const weights = tf.tidy(() => [
    tf.concat([kernel, columns.kernel], 1),
    ...(bias ? [tf.concat([bias, columns.bias], 0)] : []),
  ]);
  head.setWeights(weights);
  tf.dispose([weights, columns.kernel, columns.bias]);
  return made;
}

function copyOf(layer: layers.layers.Layer): layers.layers.Layer {
  const made = layer.constructor as unknown as {
    fromConfig(of: unknown, config: tf.serialization.ConfigDict): layers.layers.Layer;
  };
  return made.fromConfig(made, layer.getConfig());
}
