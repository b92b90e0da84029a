import { type CallableLayer, type LayerCall, walkLayers } from "@graftjs/core";
import * as layers from "@tensorflow/tfjs-layers";
import { correctBatchNorm } from "../../corrections/batch-norm.ts";

/**
 * Makes `predict` of a loaded model right if it has a batch norm over another axis than the last, or in rank 5. A run replaces `call`
 * of such a layer while it lasts; here `apply` is replaced, which leaves `call` to patches.
 */
export function correctPredictions(model: layers.LayersModel): void {
  for (const { layer } of walkLayers(model as never)) {
    if (layer.getClassName() !== "BatchNormalization") continue;
    const corrected = correctBatchNorm(layer as unknown as CallableLayer);
    if (corrected) replaceApply(layer as unknown as layers.layers.Layer, corrected);
  }
}

function replaceApply(layer: layers.layers.Layer, corrected: LayerCall): void {
  const apply = layer.apply.bind(layer);
  layer.apply = ((inputs: never, kwargs: never) => {
    const first: unknown = Array.isArray(inputs) ? inputs[0] : inputs;
    const isPatched = Object.hasOwn(layer, "call");
    return isPatched || first instanceof layers.SymbolicTensor ? apply(inputs, kwargs) : corrected(inputs, kwargs);
  }) as typeof layer.apply;
}
