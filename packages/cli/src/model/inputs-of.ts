import type { RecipeModel } from "./recipe-model.ts";

/** Returns the inputs of a model. Empty if its format does not name them. */
export function inputsOf({ layers, tunable }: RecipeModel): readonly { readonly shape: readonly (number | null)[] }[] {
  return (layers ?? ("ports" in tunable ? tunable.ports : { inputs: [] })).inputs;
}
