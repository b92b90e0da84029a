import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type ModelCard, readModelCard } from "@graftjs/tuner";
import { modelPath } from "../recipe/model-path.ts";
import type { RecipeFile } from "../recipe/recipe-file.ts";

/**
 * Reads the facts that are stored with a recipe's base model. Names of classes are left out if the recipe gives the model a new head.
 *
 * @returns undefined if none are stored.
 */
export async function baseCard({ folder, run }: RecipeFile): Promise<ModelCard | undefined> {
  const path = resolve(folder, modelPath(run.model));
  if (!path.endsWith(".json")) return undefined;
  const card = readModelCard(await readFile(path, "utf8").catch(() => ""));
  if (!run.head || !card) return card;
  const { classes: _classes, ...kept } = card;
  return kept;
}
