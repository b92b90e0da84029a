import { adaptModel, type TunableModel } from "../models/adapt-model.ts";
import { correctGradients } from "./gradients.ts";
import { correctLayers } from "./correct-layers.ts";

/**
 * Corrects layers and gradients that stock TensorFlow.js computes wrongly, for a training loop of your own: around `HookedOptimizer`,
 * `model.fit` or `tf.variableGrads`. {@link fineTune} does this itself. Replaces `call` of the layers of `model`, and gradients in
 * tfjs's table, which all models share. Gradients that tfjs lacks are added.
 *
 * @param model a LayersModel, or an adapter made by `graphModelAdapter` or `functionAdapter`.
 * @returns a function that takes the corrections back. Call it before `fineTune` trains the same model. It may be called twice.
 * @throws OptionsError if `model` is neither.
 */
export function correctModel(model: TunableModel): () => void {
  const corrected = correctLayers(adaptModel(model).patchable);
  const restoreGradients = correctGradients();
  let restored = false;
  return () => {
    if (restored) return;
    restored = true;
    corrected.freeMasks();
    corrected.restore();
    restoreGradients();
  };
}
