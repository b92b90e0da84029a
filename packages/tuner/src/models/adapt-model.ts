import { OptionsError } from "@graftjs/core";
import type { ModelAdapter } from "./adapter/model-adapter.ts";
import { layersAdapter } from "./layers/layers-adapter.ts";
import type { LayersModelLike } from "./layers/layers-model.ts";

/** Whatever can be tuned. */
export type TunableModel = LayersModelLike | ModelAdapter;

/** @throws OptionsError where `model` is nothing that can be tuned. */
export function adaptModel(model: TunableModel): ModelAdapter {
  if (typeof model === "object" && model !== null) {
    if ("cut" in model && "ports" in model) return model;
    if ("layers" in model && "outputs" in model) return layersAdapter(model);
  }
  throw new OptionsError(
    "The model is neither a LayersModel nor made by graphModelAdapter or functionAdapter.",
    "Pass what tf.loadLayersModel gives, graphModelAdapter(graphModel, ...), or functionAdapter({ variables, forward }).",
  );
}
