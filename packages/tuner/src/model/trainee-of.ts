import { OptionsError } from "@graftjs/core";
import type { LayersModelLike } from "./layers-model.ts";
import { layersTrainee } from "./layers-trainee.ts";
import type { Trainee } from "./trainee.ts";

/** Whatever can be tuned. */
export type TunableModel = LayersModelLike | Trainee;

/** @throws OptionsError where `model` is nothing that can be tuned. */
export function traineeOf(model: TunableModel): Trainee {
  if (typeof model === "object" && model !== null) {
    if ("cut" in model && "ports" in model) return model;
    if ("layers" in model && "outputs" in model) return layersTrainee(model);
  }
  throw new OptionsError(
    "The model is neither a LayersModel nor made by graphTrainee or functionTrainee.",
    "Pass what tf.loadLayersModel gives, graphTrainee(graphModel, ...), or functionTrainee({ variables, forward }).",
  );
}
