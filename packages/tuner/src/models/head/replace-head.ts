import { didYouMean, OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { seeded } from "../../random/random.ts";

export interface ReplaceHeadOptions {
  /** Classes, or numbers to predict. */
  readonly units: number;
  /** @default "softmax" */
  readonly activation?: "softmax" | "sigmoid" | "linear";
  /** Name of the new layer, and of its parameters: `head/kernel`, `head/bias`. @default "head" */
  readonly name?: string;
  /** Layer whose output the head reads. @default what the last layer with parameters reads */
  readonly after?: string;
  /** Of the kernel's Glorot uniform start. @default 0 */
  readonly seed?: number;
}

/**
 * A model with the same layers up to `after` and a new dense head. The layers are shared, not copied: disposing one model
 * takes them from the other, and it keeps the model's name. Feature maps are averaged over space first.
 *
 * The new head is the only output: of a model with several the others are left out, with the layers that only they need. There the
 * last layer with parameters may be any output's, so name `after`.
 *
 * @throws OptionsError where there is no such layer, or the new name is taken.
 */
export function replaceHead(
  model: layers.LayersModel,
  { units, activation = "softmax", name = "head", after, seed = 0 }: ReplaceHeadOptions,
): layers.LayersModel {
  if (!Number.isInteger(units) || units < 1)
    throw new OptionsError(`\`units\` is ${units}.`, "Give a whole number ≥ 1: the number of classes.");
  const names = model.layers.map((layer) => layer.name);
  if (after !== undefined && !names.includes(after)) {
    throw new OptionsError(`No layer is named \`${after}\`.`, didYouMean(after, names));
  }
  const features = pooled(after === undefined ? beforeHead(model) : outputOf(model.getLayer(after)));
  const dense = layers.layers.dense({ units, activation, name });
  const outputs = dense.apply(features) as layers.SymbolicTensor;
  const made = layers.model({ inputs: model.inputs, outputs, name: model.name });
  if (made.layers.filter((layer) => layer.name === name).length > 1) {
    throw new OptionsError(`A layer is named \`${name}\` already.`, "Give the new head another `name`.");
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
  if (!last) throw new OptionsError("The model has no layer with parameters.", "Name the layer with `after`.");
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
