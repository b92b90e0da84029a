import { GraftError, type ModelPatch, type Param, type PatchHandle, RecipeError, selectParams } from "@graftjs/core";
import type { JsonSelector, Registry, Resolved } from "@graftjs/registry";
import type { TunableModel } from "@graftjs/tuner";
import { patchableOf } from "./patchable.ts";
import type { RecipeFile } from "./recipe-file.ts";
import { resolveAll } from "./resolve-all.ts";

/** A recipe's plugins, and everything that the recipe names, built. */
export interface Composed {
  readonly registry: Registry;
  readonly resolved: Resolved;
}

/** The model of a recipe, from whose parameters selectors choose. */
export interface Selectable {
  readonly params: readonly Param[];
  readonly tunable: TunableModel;
}

/**
 * Loads a recipe's plugins, builds everything that the recipe names, and checks each selector. Selectors may also name parameters that
 * the recipe's patches add.
 *
 * @param model undefined if it is not known; selectors are not checked then.
 * @throws RecipeError with all problems of plugins, names, options, rates, order and selectors
 */
export async function compose(
  { recipe, folder, run, trust }: RecipeFile,
  model: Selectable | undefined,
): Promise<Composed> {
  const check = (added: readonly Param[]): readonly string[] =>
    model ? wrongSelectors([...model.params, ...added], selectorsOf(recipe, run)) : [];
  const alone = check([]);
  const patched = (recipe.patches ?? []).length > 0;
  const attempt = await resolveAll({ ...recipe, run }, folder, trust, patched ? [] : alone);
  const { registry, resolved, problems: found } = attempt;
  // Patches are applied only if a selector may mean what they add.
  const mayAdd = patched && alone.length > 0;
  const wrong = mayAdd ? (model && resolved ? check(addedBy(resolved.patches, model)) : []) : alone;
  const problems = [...found, ...wrong];
  if (!resolved || problems.length > 0) {
    throw new RecipeError(`The recipe has ${problems.length} problem(s).`, problems.join("\n"));
  }
  return { registry, resolved };
}

/** Checks selectors against parameters, and returns the problems. */
function wrongSelectors(params: readonly Param[], selectors: ReturnType<typeof selectorsOf>): readonly string[] {
  return selectors.flatMap(({ path, selector }) => {
    try {
      selectParams(params, selector, path);
      return [];
    } catch (error) {
      if (!(error instanceof GraftError)) throw error;
      return error.message.replace(/\s*\n\s*/g, " ");
    }
  });
}

/** Returns descriptions of the parameters that patches add to a model. A patch that cannot be applied is reported by the run. */
function addedBy(patches: readonly ModelPatch[], { tunable }: Selectable): readonly Param[] {
  const handles: PatchHandle[] = [];
  try {
    for (const patch of patches) handles.push(patch.apply(patchableOf(tunable)));
  } catch (error) {
    if (!(error instanceof GraftError)) throw error;
  }
  const added = handles.flatMap(({ added = [] }) => added);
  for (const handle of handles.reverse()) handle.restore();
  return added;
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
