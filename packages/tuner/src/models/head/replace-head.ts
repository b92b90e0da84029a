import { didYouMean, OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { seeded } from "../../random/random.ts";

export interface ReplaceHeadOptions {
  /** Number of classes, or of values to predict. */
  readonly units: number;
  /** @default "softmax" */
  readonly activation?: "softmax" | "sigmoid" | "linear";
  /** Name of the new layer. Its parameters are `<name>/kernel` and `<name>/bias`. @default "head" */
  readonly name?: string;
  /** Layer whose output the head reads. @default the layer before the last layer with parameters */
  readonly after?: string;
  /** Seed for the kernel's Glorot uniform initial values. @default 0 */
  readonly seed?: number;
}

/**
 * Creates a model with the same layers up to `after` and a new dense head. Feature maps are averaged over space before the head.
 * The new model has the same name and shares the layers: disposing one model also disposes the layers of the other.
 *
 * The new head is the only output. Other outputs of the model are dropped, with the layers that only they need. If the model has
 * several outputs, set `after`, because the last layer with parameters may belong to any of them.
 *
 * @throws OptionsError if the layer `after` does not exist or the name of the new head is taken.
 */
export function replaceHead(
  model: layers.LayersModel,
  { units, activation = "softmax", name = "head", after, seed = 0 }: ReplaceHeadOptions,
): layers.LayersModel {
  if (!Number.isInteger(units) || units < 1)
    throw new OptionsError(`\`units\` of replaceHead is ${units}.`, "Give an integer ≥ 1: the number of classes.");
  const names = model.layers.map((layer) => layer.name);
  if (after !== undefined && !names.includes(after)) {
    throw new OptionsError(`No layer is named \`${after}\`.`, didYouMean(after, names));
  }
  const features = pooled(after === undefined ? beforeHead(model) : outputOf(model.getLayer(after)));
  const dense = layers.layers.dense({ units, activation, name });
  const outputs = dense.apply(features) as layers.SymbolicTensor;
  const made = layers.model({ inputs: model.inputs, outputs, name: model.name });
  if (made.layers.filter((layer) => layer.name === name).length > 1) {
    throw new OptionsError(`The model already has a layer \`${name}\`.`, "Give the new head another `name`.");
  }
  const inputs = features.shape.at(-1) as number;
  const limit = Math.sqrt(6 / (inputs + units));
  const random = seeded(seed, "head");
  const kernel = tf.tensor2d(
    Float32Array.from({ length: inputs * units }, () => (2 * random() - 1) * limit),
    [inputs, units],
  );
  const bias = tf.zeros([units]);
  dense.setWeights([kernel, bias]);
  tf.dispose([kernel, bias]);
  return made;
}

function beforeHead(model: layers.LayersModel): layers.SymbolicTensor {
  const last = model.layers.findLast(({ weights }) => weights.length > 0);
  if (!last)
    throw new OptionsError("The model has no layer with parameters.", "Set `after` to the layer before the head.");
  const { input } = last;
  return Array.isArray(input) ? (input[0] as layers.SymbolicTensor) : input;
}

function outputOf(layer: layers.layers.Layer): layers.SymbolicTensor {
  const { output } = layer;
  return Array.isArray(output) ? (output[0] as layers.SymbolicTensor) : output;
}

function pooled(features: layers.SymbolicTensor): layers.SymbolicTensor {
  if (features.rank === 4) return layers.layers.globalAveragePooling2d({}).apply(features) as layers.SymbolicTensor;
  if (features.rank === 3) return layers.layers.globalAveragePooling1d().apply(features) as layers.SymbolicTensor;
  return features;
}
