import {
  layerPath,
  type NamedWeight,
  namedParams,
  OptionsError,
  type Param,
  selectParams,
  type Selector,
  walkLayers,
} from "@graftjs/core";
import type { LossName, ModelAdapter, TunableModel } from "@graftjs/tuner";
import type * as tf from "@tensorflow/tfjs-core";

/** Share of the layers with parameters that `effort: "tail"` trains, counted from the end. */
const TAIL = 0.25;

function isAdapter(model: TunableModel): model is ModelAdapter {
  return "cut" in model && "ports" in model;
}

/** Returns the parameters of a model, without its statistics. */
export function paramsOf(model: TunableModel): readonly Param[] {
  if (isAdapter(model)) return model.weights.filter((weight: NamedWeight) => !weight.statistic);
  return namedParams(model, { frozen: true });
}

/** Returns the stable paths of the batch norm layers of a model. */
export function batchNorms(model: TunableModel): readonly string[] {
  const layers = walkLayers(isAdapter(model) ? model.patchable : model);
  return layers.filter(({ layer }) => layer.getClassName() === "BatchNormalization").map(layerPath);
}

/** Returns the rank of the first input with the batch axis, or 0 if the model does not say. */
export function inputRank(model: TunableModel): number {
  const inputs: readonly { readonly shape: readonly unknown[] }[] = isAdapter(model)
    ? model.ports.inputs
    : model.inputs;
  return inputs[0]?.shape.length ?? 0;
}

/** Selects the head and the last quarter of the layers with parameters: at least one layer beside the head. */
export function tailOf(params: readonly Param[], head: Selector): readonly string[] {
  const layers = [...new Set(params.map(({ layer }) => layer))];
  const last = new Set(layers.slice(-Math.max(2, Math.ceil(layers.length * TAIL))));
  for (const { layer } of selectParams(params, head, "`probe`")) last.add(layer);
  return layers.filter((layer) => last.has(layer)).map((layer) => `${layer}/**`);
}

/**
 * Returns the loss that suits the last activation of the model and the labels.
 *
 * @throws OptionsError if the model has several outputs or does not say how it ends.
 */
export function defaultLoss(model: TunableModel, ys: tf.Tensor | undefined): LossName {
  const [output, ...others] = isAdapter(model) ? [] : model.outputs;
  const activation = output && others.length === 0 ? activationOf(output.sourceLayer) : undefined;
  const classes = output?.shape.at(-1);
  if (ys && activation === "softmax")
    return ys.rank === output?.shape.length && ys.shape.at(-1) === classes
      ? "categoricalCrossentropy"
      : "sparseCategoricalCrossentropy";
  if (activation === "sigmoid") return "binaryCrossentropy";
  throw new OptionsError(
    "`loss` is missing, and the end of the model does not decide it.",
    'A softmax or sigmoid output does. Otherwise give the loss: "softmaxCrossEntropy" for logits, "meanSquaredError" for numbers.',
  );
}

function activationOf(layer: { getClassName(): string; getConfig(): object }): unknown {
  if (layer.getClassName() === "Softmax") return "softmax";
  return (layer.getConfig() as { readonly activation?: unknown }).activation;
}
