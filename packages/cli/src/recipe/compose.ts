import { GraftError, type Param, RecipeError, selectParams } from "@graftjs/core";
import type { JsonSelector, Registry, Resolved } from "@graftjs/registry";
import type { RecipeFile } from "./recipe-file.ts";
import { resolveAll } from "./resolve-all.ts";

/** A recipe's plugins, and everything that the recipe names, built. */
export interface Composed {
  readonly registry: Registry;
  readonly resolved: Resolved;
}

/**
 * Loads a recipe's plugins, builds everything that the recipe names, and checks each selector.
 *
 * @param params the model's parameters, from which selectors choose. Undefined if they are not known.
 * @throws RecipeError with all problems of plugins, names, options, rates, order and selectors
 */
export async function compose(
  { recipe, folder, run, trust }: RecipeFile,
  params: readonly Param[] | undefined,
): Promise<Composed> {
  const wrongSelectors: string[] = [];
  for (const { path, selector } of params ? selectorsOf(recipe, run) : []) {
    try {
      selectParams(params as readonly Param[], selector, path);
    } catch (error) {
      if (!(error instanceof GraftError)) throw error;
      wrongSelectors.push(error.message.replace(/\s*\n\s*/g, " "));
    }
  }
  const attempt = await resolveAll({ ...recipe, run }, folder, trust, wrongSelectors);
  const { registry, resolved } = attempt;
  const problems = [...attempt.problems, ...wrongSelectors];
  if (!resolved || problems.length > 0) {
    throw new RecipeError(`The recipe has ${problems.length} problem(s).`, problems.join("\n"));
  }
  return { registry, resolved };
}

/** Lists every selector of a recipe with its path in the JSON, which error messages begin with. */
function selectorsOf(
  { trainable, hooks = [], rateMultipliers = [] }: RecipeFile["recipe"],
  { unfreeze }: RecipeFile["run"],
): { path: string; selector: JsonSelector }[] {
  return [
    ...(trainable === undefined ? [] : [{ path: "trainable", selector: trainable }]),
    ...hooks.flatMap((use, i) =>
      typeof use === "object" && use.on !== undefined ? [{ path: `hooks[${i}].on`, selector: use.on }] : [],
    ),
    ...rateMultipliers.map(({ params: selector }, i) => ({ path: `rateMultipliers[${i}].params`, selector })),
    ...unfreeze.map(({ trainable: selector }, i) => ({ path: `run.unfreeze[${i}].trainable`, selector })),
  ];
}
