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
import type { RecipeFile } from "./recipe-file.ts";
import { resolveAll } from "./resolve-all.ts";

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
