import { OptionsError } from "@graftjs/core";
import type { ModelAdapter } from "./adapter/model-adapter.ts";
import { layersAdapter } from "./layers/layers-adapter.ts";
import type { LayersModelLike } from "./layers/layers-model.ts";

/** A model that `fineTune` accepts: a LayersModel, or an adapter made by `graphModelAdapter` or `functionAdapter`. */
export type TunableModel = LayersModelLike | ModelAdapter;

/** Wraps a LayersModel in an adapter; returns an adapter unchanged. @throws OptionsError if `model` is neither. */
export function adaptModel(model: TunableModel): ModelAdapter {
  if (typeof model === "object" && model !== null) {
    if ("cut" in model && "ports" in model) return model;
    if ("layers" in model && "outputs" in model) return layersAdapter(model);
  }
  throw new OptionsError(
    "The model is neither a LayersModel nor an adapter.",
    "Pass a model from tf.loadLayersModel, graphModelAdapter(graphModel, ...), or functionAdapter({ variables, forward }).",
  );
}
