import type { LayersModelLike, SymbolicLike } from "../models/layers/layers-model.ts";
import type { LossDefinition } from "./loss.ts";

/**
 * Tells for each output whether its columns are labels of their own, of which an example may have several. The alternative is one label
 * per example, whose classes are the columns.
 *
 * A softmax output has one label. For other outputs the loss decides. If the loss suits both, sigmoid outputs have several.
 *
 * @param model the model, if it consists of layers.
 */
export function severalLabels(
  model: object,
  losses: readonly LossDefinition[],
  outputs: readonly { readonly shape: readonly (number | null)[] }[],
): readonly boolean[] {
  const { outputs: symbolic = [] } = model as Partial<LayersModelLike>;
  return losses.map((loss, i) => {
    if (loss.sparse === true || outputs[i]?.shape.at(-1) === 1) return false;
    const activation = symbolic[i] && activationOf(symbolic[i]);
    if (activation === "softmax") return false;
    return loss.severalLabels ?? (activation === "sigmoid" || activation === "hardSigmoid");
  });
}

/** Returns the activation that computes an output, by its class name. Looks into nested models and wrappers. */
function activationOf({ sourceLayer, tensorIndex }: SymbolicLike): string | undefined {
  const { outputs } = sourceLayer as Partial<LayersModelLike>;
  if (outputs) return activationOf(outputs[tensorIndex] as SymbolicLike);
  const layer = ((sourceLayer as { readonly layer?: object }).layer ?? sourceLayer) as typeof sourceLayer;
  const { activation } = layer as { readonly activation?: { getClassName(): string } | null };
  return layer.getClassName() === "Softmax" ? "softmax" : activation?.getClassName();
}
