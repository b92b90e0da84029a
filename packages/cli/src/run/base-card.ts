import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type ModelCard, readModelCard } from "@graftjs/tuner";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { readerOfBase } from "../model/base-reader.ts";
import { modelPath } from "../recipe/model-path.ts";
import type { RecipeFile } from "../recipe/recipe-file.ts";

/**
 * Reads the facts that are stored with a recipe's base model. If they do not say how inputs are made, a `preprocessor_config.json` beside
 * the model and layers that rescale do. Names of classes are left out if the recipe gives the model a new head.
 *
 * @returns undefined if none are stored.
 */
export async function baseCard(
  { folder, run }: RecipeFile,
  layers: LayersModel | undefined,
): Promise<ModelCard | undefined> {
  const path = resolve(folder, modelPath(run.model));
  const stored = path.endsWith(".json") ? readModelCard(await readFile(path, "utf8").catch(() => "")) : undefined;
  const reader = stored?.reader ?? (await readerOfBase(path, layers));
  const { classes, ...kept } = { ...stored, ...(reader ? { reader } : {}) };
  const card = { ...kept, ...(run.head || !classes ? {} : { classes }) };
  return Object.keys(card).length > 0 ? card : undefined;
}
