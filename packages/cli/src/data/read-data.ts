import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { RecipeFile } from "../recipe/recipe-file.ts";
import { UsageError } from "../terminal/errors.ts";
import { type RunData, readDataFile } from "./data-file.ts";

/** Reads the .safetensors file, or calls the module, that a recipe names as its data. @throws UsageError */
export async function readData({ folder, run }: RecipeFile): Promise<RunData> {
  const path = resolve(folder, run.data);
  if (extname(path) === ".safetensors") return readDataFile(path);
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as typeof module;
  } catch (cause) {
    throw new UsageError(
      `The data module ${run.data} cannot be loaded: ${(cause as Error).message}`,
      `Looked at ${path}.`,
      { cause },
    );
  }
  if (typeof module.default !== "function") {
    throw new UsageError(
      `The data module ${run.data} has no function as its default export.`,
      "export default () => ({ data: { xs, ys }, validation: { xs, ys } });",
    );
  }
  const made = (await module.default()) as RunData;
  if (made?.data) return made;
  throw new UsageError(
    `The data module ${run.data} returned no \`data\`.`,
    "Return { data: { xs, ys } }, and { validation } where you have one.",
  );
}
