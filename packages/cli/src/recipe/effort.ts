import { RecipeError } from "@graftjs/core";
import type { EffortOptions, EffortSettings, StageRecipe } from "@graftjs/presets";
import type { Recipe } from "@graftjs/registry";

/** Keys of the `run` section that only a run by effort has. */
const OF_EFFORT: readonly (keyof EffortSettings)[] = ["keep", "probe", "holdOut", "average"];

/** Keys of a recipe from which the parts of the last stage come, if the recipe has them. */
const PARTS = ["trainable", "patches", "hooks", "rule", "learningRate", "rateMultipliers", "combiner", "callbacks"];

function runOf({ run }: Recipe): Readonly<Record<string, unknown>> {
  return typeof run === "object" && run !== null ? (run as Readonly<Record<string, unknown>>) : {};
}

/** Tells whether a recipe leaves the choice of its parts to `effort`. */
export function isByEffort(recipe: Recipe): boolean {
  return runOf(recipe).effort !== undefined;
}

/** @throws RecipeError if a recipe has an option of a run by effort and no effort */
export function assertEffort(recipe: Recipe): void {
  const run = runOf(recipe);
  const stray = OF_EFFORT.filter((key) => run[key] !== undefined);
  if (isByEffort(recipe) || stray.length === 0) return;
  throw new RecipeError(
    "The recipe's `run` has 1 problem(s).",
    `It has ${stray.map((key) => `\`${key}\``).join(", ")}, but no \`effort\`. Give "effort": "head", "tail" or "full", or leave these keys out.`,
  );
}

/**
 * Returns a recipe by effort with values for the keys that other recipes need, so that it can be checked like them.
 * {@link withoutPlaceholders} removes the values from the options.
 */
export function completed(recipe: Recipe): Recipe {
  if (!isByEffort(recipe)) return recipe;
  const { rule = "adam", learningRate } = recipe;
  return {
    ...recipe,
    rule,
    learningRate: isToBeFound(learningRate) ? 0 : learningRate,
    run: { epochs: 1, ...runOf(recipe) },
  };
}

function isToBeFound(rate: unknown): boolean {
  return rate === undefined || rate === "find";
}

/** Removes the values that {@link completed} added, and every default of the schema, so that the effort decides them. */
export function withoutPlaceholders(recipe: Recipe, options: object): Omit<EffortOptions, "data" | "validation"> {
  const given = new Set([
    ...PARTS.filter((key) => recipe[key] !== undefined && !(key === "learningRate" && recipe[key] === "find")),
    ...Object.keys(runOf(recipe)),
    "loss",
  ]);
  const entries = Object.entries(options).filter(([key]) => given.has(key));
  return Object.fromEntries(entries) as unknown as Omit<EffortOptions, "data" | "validation">;
}

/** Describes the stages of a run by effort, as the recipes that they stand for. Parts of the recipe keep its options. */
export function stageLines(recipe: Recipe, stages: readonly StageRecipe[]): readonly string[] {
  const own = Object.fromEntries(PARTS.flatMap((key) => (recipe[key] === undefined ? [] : [[key, recipe[key]]])));
  return [
    `"effort": ${JSON.stringify(runOf(recipe).effort)} is short for ${stages.length} stage(s):`,
    ...stages.map(({ stage, recipe: made }, i) => {
      const whole = i === stages.length - 1 ? { ...made, ...own } : made;
      return `  ${stage}: ${JSON.stringify(whole)}`;
    }),
  ];
}
