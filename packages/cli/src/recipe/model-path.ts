import type { Use } from "@graftjs/registry";

/** A model in a recipe: the path of its file, whose format is recognised, or the path with the name of the format. */
export type ModelUse = string | { readonly path: string; readonly format: Use };

/** Returns the path of a recipe's model, as the recipe gives it. */
export function modelPath(model: ModelUse): string {
  return typeof model === "string" ? model : model.path;
}
