import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type Recipe, RecipeError } from "@graftjs/core";
import { UsageError } from "../terminal/errors.ts";
import { reasonOf } from "../terminal/files.ts";
import { resolveAll } from "./resolve-all.ts";
import { type RunSection, readRunSection } from "./run-section.ts";

/** A recipe, and the folder that its paths are relative to. */
export interface RecipeFile {
  readonly path: string;
  readonly folder: string;
  readonly recipe: Recipe;
  readonly run: RunSection;
}

/**
 * @throws UsageError where the file cannot be read or is not JSON, with line and column; RecipeError with every problem of its
 *   `run`, and of the rest where there are any.
 */
export async function readRecipe(given: string, cwd: string): Promise<RecipeFile> {
  const path = resolve(cwd, given);
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`The recipe ${given} cannot be read: ${reasonOf(cause)}.`, `Looked at ${path}.`, { cause });
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(
      `The recipe ${given} is not JSON.`,
      `${(cause as Error).message}${position(text, cause as Error)}`,
      { cause },
    );
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new UsageError(`The recipe ${given} is not an object.`, 'It begins with { "plugins": [...], "rule": ... }.');
  }
  const recipe = json as Recipe;
  const folder = dirname(path);
  try {
    return { path, folder, recipe, run: readRunSection(recipe.run) };
  } catch (error) {
    // The model's names are not known without its section; everything else is said along with it.
    const { problems } = await resolveAll(recipe, folder);
    if (!(error instanceof RecipeError) || problems.length === 0) throw error;
    const own = error.hint.split("\n").map((line) => `run: ${line}`);
    const all = [...problems, ...own];
    throw new RecipeError(`The recipe has ${all.length} problem(s).`, all.join("\n"));
  }
}

function position(text: string, error: Error): string {
  const at = Number(/position (\d+)/.exec(error.message)?.[1]);
  if (Number.isNaN(at) || /line \d+/.test(error.message)) return "";
  const before = text.slice(0, at).split("\n");
  return ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}
