import { OptionsError } from "@graftjs/core";
import type * as layers from "@tensorflow/tfjs-layers";

/** The dense head of a model. */
export interface Head {
  readonly dense: layers.layers.Layer;
  /** Value that the dense layer reads. */
  readonly features: layers.SymbolicTensor;
  /** Layers between the dense layer and the output, in order. None has parameters, and each keeps the shape. */
  readonly after: readonly layers.layers.Layer[];
}

/**
 * Finds the dense head of a model: the last layer with parameters.
 *
 * @throws OptionsError if it is not a dense layer on feature vectors, or if a layer after it changes the shape
 */
export function headOf(model: layers.LayersModel): Head {
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
