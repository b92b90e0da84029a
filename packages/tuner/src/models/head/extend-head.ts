import { OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { imprintedColumns } from "./imprinted-columns.ts";

export interface ExtendHeadOptions {
  /** Number of classes to add. */
  readonly add: number;
  /**
   * Examples from which the new columns start. Each new class needs one or more. Examples of the old classes make the start better.
   * `ys` holds class numbers, shape `[n]`, or one-hot rows. The new classes have the numbers after the old ones.
   */
  readonly data?: { readonly xs: tf.Tensor | readonly tf.Tensor[]; readonly ys: tf.Tensor };
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
    ? await imprintedColumns({ model, features, data, batchSize, kernel, bias, add })
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

interface Head {
  readonly dense: layers.layers.Layer;
  /** Value that the dense layer reads. */
  readonly features: layers.SymbolicTensor;
  /** Layers between the dense layer and the output, in order. None has parameters, and each keeps the shape. */
  readonly after: readonly layers.layers.Layer[];
}

function headOf(model: layers.LayersModel): Head {
  if (model.outputs.length !== 1)
    throw unfit(`The model has ${model.outputs.length} outputs.`, "extendHead takes models with one output.");
  const after: layers.layers.Layer[] = [];
  let value = model.outputs[0] as layers.SymbolicTensor;
  while (value.sourceLayer.weights.length === 0) {
    const layer = value.sourceLayer;
    const [input] = value.inputs;
    if (value.inputs.length !== 1 || !input || String(input.shape) !== String(value.shape))
      throw unfit(`The layer \`${layer.name}\` follows the head and is a ${layer.getClassName()}.`, HINT);
    after.unshift(layer);
    value = input;
  }
  const dense = value.sourceLayer;
  const [features] = value.inputs;
  if (dense.getClassName() !== "Dense" || !features || features.rank !== 2)
    throw unfit(`The last layer with parameters, \`${dense.name}\`, is a ${dense.getClassName()}.`, HINT);
  if (dense.inboundNodes.length > 1) throw unfit(`The head \`${dense.name}\` is applied several times.`, HINT);
  return { dense, features, after };
}

const HINT =
  "extendHead needs one dense layer on feature vectors at the end. Use replaceHead to give the model a new head.";

function unfit(message: string, hint: string): OptionsError {
  return new OptionsError(message, hint);
}

function copyOf(layer: layers.layers.Layer): layers.layers.Layer {
  const made = layer.constructor as unknown as {
    fromConfig(of: unknown, config: tf.serialization.ConfigDict): layers.layers.Layer;
  };
  return made.fromConfig(made, layer.getConfig());
}
