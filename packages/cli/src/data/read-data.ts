import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { RecipeFile } from "../recipe/recipe-file.ts";
import { UsageError } from "../terminal/errors.ts";
import { type RunData, readDataFile } from "./data-file.ts";

/**
 * Reads a recipe's data: a `.safetensors` file, or a module whose default export is called.
 *
 * @throws UsageError if the file or module does not exist, or does not contain data
 */
export async function readData({ folder, run }: RecipeFile): Promise<RunData> {
  const path = resolve(folder, run.data);
  return extname(path) === ".safetensors" ? readDataFile(path) : readDataModule(run.data, path);
}

async function readDataModule(given: string, path: string): Promise<RunData> {
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as typeof module;
  } catch (cause) {
    throw new UsageError(
      `The data module ${given} cannot be loaded: ${(cause as Error).message}`,
      `Check "data" in the recipe's "run". It leads to ${path}.`,
      { cause },
    );
  }
  if (typeof module.default !== "function") {
    throw new UsageError(
      `The default export of the data module ${given} is not a function.`,
      "export default () => ({ data: { xs, ys }, validation: { xs, ys } });",
    );
  }
  const returned = (await module.default()) as RunData;
  if (returned?.data) return returned;
  throw new UsageError(
    `The data module ${given} returned no \`data\`.`,
    "Return { data: { xs, ys } }, and also { validation: { xs, ys } } if you have validation examples.",
  );
}
