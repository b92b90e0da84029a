import { GraftError, type Recipe, type Registry, type Resolved } from "@graftjs/core";
import { loadRegistry } from "../plugins/load-plugins.ts";

/** What a recipe names, built as far as it can be, and a line for each thing that cannot. */
export async function resolveAll(
  recipe: Recipe,
  folder: string,
): Promise<{ readonly registry: Registry; readonly resolved: Resolved | undefined; readonly problems: string[] }> {
  const problems: string[] = [];
  const note = (error: unknown): undefined => {
    if (!(error instanceof GraftError)) throw error;
    problems.push(...error.hint.split("\n"));
    return undefined;
  };
  const loaded = await loadRegistry(recipe.plugins ?? [], folder).catch(note);
  // With a package missing its names would all be unknown: the rest is still checked against what could be loaded.
  const registry = loaded ?? (await loadRegistry(await loadable(recipe, folder), folder));
  return { registry, resolved: await registry.resolve(recipe).catch(note), problems };
}

async function loadable(recipe: Recipe, folder: string): Promise<readonly string[]> {
  const tried = await Promise.all(
    (recipe.plugins ?? []).map((name) =>
      loadRegistry([name], folder).then(
        () => [name],
        () => [],
      ),
    ),
  );
  return tried.flat();
}
