import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type ModelCard, readModelCard } from "@graftjs/tuner";
import { modelPath } from "../recipe/model-path.ts";
import type { RecipeFile } from "../recipe/recipe-file.ts";

/** Reads the facts that are stored with a recipe's base model. Returns undefined if none are stored. */
export async function baseCard({ folder, run }: RecipeFile): Promise<ModelCard | undefined> {
  const path = resolve(folder, modelPath(run.model));
  if (!path.endsWith(".json")) return undefined;
  return readModelCard(await readFile(path, "utf8").catch(() => ""));
}
