import {
  GraftError,
  type JsonSelector,
  type Param,
  pick,
  type Recipe,
  RecipeError,
  type Registry,
  type Resolved,
} from "@graftjs/core";
import { loadRegistry } from "../plugins/load-plugins.ts";
import type { RecipeFile } from "./recipe-file.ts";

/** The recipe's registry and what it resolves to. */
export interface Composed {
  readonly registry: Registry;
  readonly resolved: Resolved;
}

/**
 * Loads a recipe's plugins and builds what it names, checking every selector against `params`.
 *
 * @throws RecipeError with the problems of plugins, names, options, rates, order and selectors, all at once.
 */
export async function compose({ recipe, folder, run }: RecipeFile, params: readonly Param[]): Promise<Composed> {
  const { registry, resolved, problems } = await resolveAll(recipe, folder);
  for (const { at, selector } of selectors(recipe, run)) {
    try {
      pick(params, selector, at);
    } catch (error) {
      if (!(error instanceof GraftError)) throw error;
      problems.push(error.message.replace(/\s*\n\s*/g, " "));
    }
  }
  if (!resolved || problems.length > 0) {
    throw new RecipeError(`The recipe has ${problems.length} problem(s).`, problems.join("\n"));
  }
  return { registry, resolved };
}

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

/** Every selector of a recipe, with the words its error begins with. */
function selectors(
  { trainable, hooks = [], rateMultipliers = [] }: Recipe,
  { unfreeze = [] }: RecipeFile["run"],
): { at: string; selector: JsonSelector }[] {
  return [
    ...(trainable === undefined ? [] : [{ at: "trainable", selector: trainable }]),
    ...hooks.flatMap((use, i) =>
      typeof use === "object" && use.on !== undefined ? [{ at: `hooks[${i}].on`, selector: use.on }] : [],
    ),
    ...rateMultipliers.map(({ on }, i) => ({ at: `rateMultipliers[${i}].on`, selector: on })),
    ...unfreeze.map(({ trainable: selector }, i) => ({ at: `run.unfreeze[${i}].trainable`, selector })),
  ];
}
