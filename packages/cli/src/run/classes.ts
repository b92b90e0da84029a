import type { LayersModel } from "@tensorflow/tfjs-layers";
import { dataUse } from "../data/read-data.ts";
import { registryOf } from "../model/recipe-model.ts";
import type { RecipeFile } from "../recipe/recipe-file.ts";
import { UsageError } from "../terminal/errors.ts";
import { printableName } from "../terminal/printable.ts";

/**
 * Names the classes of a recipe's data before the model is loaded, because a new head may need their number.
 *
 * @returns undefined if the data source does not say.
 */
export async function classesOf(file: RecipeFile): Promise<readonly string[] | undefined> {
  const registry = await registryOf(file.recipe.plugins ?? [], file.folder, file.trust);
  // A source that cannot be made is reported later, together with the recipe's other problems.
  const source = await registry.create("data-source", dataUse(file.run.data)).catch(() => undefined);
  return source?.classes?.(file.folder);
}

/** Checks that a model has one output for each class. Two classes may share one output. @throws UsageError that names the fix */
export function assertHeadFits(layers: LayersModel | undefined, classes: readonly string[] | undefined): void {
  if (!layers || !classes || layers.outputs.length !== 1) return;
  const units = layers.outputs[0]?.shape.at(-1);
  if (units === classes.length || (units === 1 && classes.length === 2)) return;
  throw new UsageError(
    `The model has ${units} outputs, but the data have ${classes.length} classes: ${listed(classes)}.`,
    'For a new last layer with one output per class, write "head": {} in the recipe\'s "run", and name it in "trainable": "head/**".',
  );
}

function listed(classes: readonly string[]): string {
  const names = classes.slice(0, 10).map(printableName).join(", ");
  return classes.length > 10 ? `${names} and ${classes.length - 10} more` : names;
}
