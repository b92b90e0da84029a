import { readModel } from "../model/recipe-model.ts";
import { compose } from "../recipe/compose.ts";
import type { RecipeFile } from "../recipe/recipe-file.ts";
import { pluginsOf } from "../recipe/resolve-all.ts";

/**
 * Checks a recipe that names code by path, before this code is loaded for the model or the data. The selectors are checked if the model can
 * be read without the code.
 *
 * @throws RecipeError with all problems
 */
export async function checkBeforeCode(file: RecipeFile): Promise<void> {
  const { packages, paths } = pluginsOf(file.recipe);
  if (paths.length === 0) return;
  const model = await readModel({ ...file, recipe: { ...file.recipe, plugins: packages } }).catch(() => undefined);
  try {
    await compose(file, model);
  } finally {
    model?.dispose();
  }
}
