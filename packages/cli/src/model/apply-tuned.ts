import type { PatchHandle } from "@graftjs/core";
import type { Recipe } from "@graftjs/registry";
import { applyDelta } from "@graftjs/tuner";
import { LOOK, type Trust } from "../project/trust.ts";
import { loadRegistry } from "../recipe/load-plugins.ts";
import { patchableOf } from "../recipe/patchable.ts";
import type { RecipeModel } from "./recipe-model.ts";

/** The recipe that a delta was trained with. */
export interface TunedBy {
  readonly folder: string;
  readonly recipe: Pick<Recipe, "plugins" | "patches">;
  /** The code that the recipe may name. @default installed packages */
  readonly trust?: Trust;
}

/**
 * Applies a delta to the model of its recipe. If patches of the recipe add parameters, such as adapters, these are merged into the
 * model's weights.
 *
 * @throws DeltaError if the delta does not fit; RecipeError if a patch cannot be made
 */
export async function applyTuned(
  { tunable }: Pick<RecipeModel, "tunable">,
  { folder, recipe, trust = LOOK }: TunedBy,
  bytes: Uint8Array,
): Promise<void> {
  const { plugins = [], patches = [] } = recipe;
  const registry = await loadRegistry(patches.length > 0 ? plugins : [], folder, trust);
  const made = await Promise.all(patches.map((use) => registry.create("patch", use)));
  const adapters: PatchHandle[] = [];
  for (const patch of made) {
    const handle = patch.apply(patchableOf(tunable));
    // Other patches change how a model trains, and have no part in the delta.
    if ((handle.added ?? []).length > 0) adapters.push(handle);
    else handle.restore();
  }
  applyDelta(tunable, bytes, { params: adapters.flatMap(({ added = [] }) => added) });
  for (const handle of adapters) handle.mergeAndUnload?.();
}
