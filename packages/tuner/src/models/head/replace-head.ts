import { didYouMean, OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { assertUnits, headValues } from "./head-values.ts";

export interface ReplaceHeadOptions {
  /** Number of classes, or of values to predict. */
  readonly units: number;
  /** @default "softmax" */
  readonly activation?: "softmax" | "sigmoid" | "linear";
  /** Name of the new layer. Its parameters are `<name>/kernel` and `<name>/bias`. @default "head" */
  readonly name?: string;
  /**
   * Layer whose output the head reads. If the layer is applied several times, the head reads the applications that no other one follows,
   * side by side: both branches of a Siamese net, the last step of a chain. @default the layer before the last layer with parameters
   */
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
  assertUnits(units);
  const names = model.layers.map((layer) => layer.name);
  if (after !== undefined && !names.includes(after)) {
    throw new OptionsError(`No layer is named \`${after}\`.`, didYouMean(after, names));
  }
  const features = featuresOf(after === undefined ? [beforeHead(model)] : outputsOf(model, after));
  const dense = layers.layers.dense({ units, activation, name });
  const outputs = dense.apply(features) as layers.SymbolicTensor;
  const made = layers.model({ inputs: model.inputs, outputs, name: model.name });
  if (made.layers.filter((layer) => layer.name === name).length > 1) {
    throw new OptionsError(`The model already has a layer \`${name}\`.`, "Give the new head another `name`.");
  }
  const { kernel, bias } = headValues(features.shape.at(-1) as number, units, seed);
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

/** Returns the outputs of the applications of a layer that no other application of it follows, in their order. */
function outputsOf(model: layers.LayersModel, name: string): readonly layers.SymbolicTensor[] {
  const found = new Map<number, layers.SymbolicTensor>();
  /** For each visited value, the applications that it depends on. */
  const visited = new Map<number, ReadonlySet<number>>();
  const followed = new Set<number>();
  const visit = (value: layers.SymbolicTensor): ReadonlySet<number> => {
    const known = visited.get(value.id);
    if (known) return known;
    const before = new Set(value.inputs.flatMap((input) => [...visit(input)]));
    const { sourceLayer, nodeIndex } = value as unknown as { sourceLayer: { name: string }; nodeIndex: number };
    if (sourceLayer.name === name) {
      for (const application of before) followed.add(application);
      before.add(nodeIndex);
      if (!found.has(nodeIndex)) found.set(nodeIndex, firstOutput(model.getLayer(name), nodeIndex));
    }
    visited.set(value.id, before);
    return before;
  };
  for (const output of model.outputs) visit(output);
  const last = [...found].filter(([index]) => !followed.has(index)).map(([, value]) => value);
  // A model that is the first layer of a Sequential is not applied, so its own output is the value.
  return last.length > 0 ? last : [first(model.getLayer(name).output)];
}

function firstOutput(layer: layers.layers.Layer, nodeIndex: number): layers.SymbolicTensor {
  return first(layer.getOutputAt(nodeIndex));
}

function first(output: layers.SymbolicTensor | layers.SymbolicTensor[]): layers.SymbolicTensor {
  return Array.isArray(output) ? (output[0] as layers.SymbolicTensor) : output;
}

/** Averages feature maps over space and joins several vectors. */
function featuresOf(values: readonly layers.SymbolicTensor[]): layers.SymbolicTensor {
  const vectors = values.map(pooled);
  if (vectors.length === 1) return vectors[0] as layers.SymbolicTensor;
  return layers.layers.concatenate().apply(vectors) as layers.SymbolicTensor;
}

function pooled(features: layers.SymbolicTensor): layers.SymbolicTensor {
  if (features.rank <= 2) return features;
  if (features.rank === 4) return layers.layers.globalAveragePooling2d({}).apply(features) as layers.SymbolicTensor;
  const channels = features.shape.at(-1) as number;
  const merged =
    features.rank === 3 ? features : layers.layers.reshape({ targetShape: [-1, channels] }).apply(features);
  return layers.layers.globalAveragePooling1d().apply(merged) as layers.SymbolicTensor;
}
