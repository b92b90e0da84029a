import { GraftError, RecipeError } from "@graftjs/core";
import type { Registry } from "@graftjs/registry";
import { completed } from "./effort.ts";
import { loadRegistry } from "./load-plugins.ts";
import type { RecipeJson } from "./recipe-file.ts";
import { maySolve, pluginsOf, resolveAll } from "./resolve-all.ts";
import { readRunSection } from "./run-section.ts";

/**
 * Loads a recipe's plugins for a command that only looks at them. If the recipe names code by path, everything else in it is checked
 * first, so that an invalid recipe does not run this code.
 *
 * @param isUnfinished accepts a recipe without a required section: `graft list` and `graft schema` help to write it.
 * @throws RecipeError with all problems
 * @throws UsageError as {@link loadRegistry}
 */
export async function checkedRegistry(
  { recipe, folder, trust }: RecipeJson,
  { isUnfinished }: { readonly isUnfinished: boolean },
): Promise<Registry> {
  const { packages, paths } = pluginsOf(recipe);
  if (paths.length > 0 && trust.paths === "any") {
    const { problems } = await resolveAll({ ...recipe, plugins: packages }, folder, trust);
    const all = [...problems, ...(recipe.run === undefined ? [] : await problemsOfRun(completed(recipe).run))];
    const sure = all.filter((problem) => !maySolve(problem) && !(isUnfinished && MISSING.test(problem)));
    if (sure.length > 0) throw new RecipeError(`The recipe has ${sure.length} problem(s).`, sure.join("\n"));
  }
  return loadRegistry(recipe.plugins ?? [], folder, trust);
}

const MISSING = /^(\w+ is missing\.|run: `\w+` is required:)/;

async function problemsOfRun(run: unknown): Promise<readonly string[]> {
  try {
    await readRunSection(run);
    return [];
  } catch (error) {
    if (!(error instanceof GraftError)) throw error;
    return error.hint.split("\n").map((line) => `run: ${line}`);
  }
}
