import { readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { reasonOf } from "../project/files.ts";
import { UsageError } from "../terminal/errors.ts";

/** A model's file, or a recipe. */
export interface ModelOrRecipe {
  /** Absolute path of the file. */
  readonly path: string;
  readonly isRecipe: boolean;
  /** The file's text. Empty if it is not JSON by its name. */
  readonly text: string;
}

/**
 * Finds out whether a path leads to a model or to a recipe.
 *
 * @param given a folder with a model.json, a model's file, or a recipe. A relative path starts from `cwd`.
 * @throws UsageError if it cannot be read
 */
export async function modelOrRecipe(given: string, cwd: string): Promise<ModelOrRecipe> {
  const path = resolve(cwd, given);
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`The model ${path} cannot be read: ${reasonOf(cause)}.`, "Check the path.", { cause });
  });
  if (DATA.test(path))
    throw new UsageError(
      `${path} is not a model.`,
      `The model comes first, and then the files: graft predict tuned ${basename(path)}.`,
    );
  const file = found.isDirectory() ? join(path, "model.json") : path;
  const text = /\.jsonc?$/.test(file) ? await textOf(file) : "";
  return { path: file, isRecipe: file.endsWith(".jsonc") || isRecipe(text), text };
}

/** Endings of files that are data. */
const DATA = /\.(png|jpe?g|webp|gif|wav|csv|tsv|jsonl|ndjson|txt)$/i;

async function textOf(file: string): Promise<string> {
  return readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(
      `The model ${file} cannot be read: ${reasonOf(cause)}.`,
      'Name a folder with a model.json. `graft run` writes one if "output" is a folder, such as "tuned".',
      { cause },
    );
  });
}

function isRecipe(text: string): boolean {
  try {
    const json = JSON.parse(text) as object | null;
    return typeof json === "object" && json !== null && "run" in json && !("modelTopology" in json);
  } catch {
    return false;
  }
}
