import { chain } from "../chain.ts";
import { RecipeError } from "../errors.ts";
import type { AnyHook } from "../hook.ts";
import { masked } from "../masked.ts";
import type { PluginKind, PluginKinds } from "../plugin.ts";
import type { Recipe, Resolved, Use } from "../recipe.ts";
import type { Schedule } from "../schedule.ts";
import { builder } from "./build.ts";
import { brokenConstraints, type Used } from "./constraints.ts";
import { didYouMean, type Entry } from "./entries.ts";

/** The keys of a recipe, in the order in which they act. */
export const RECIPE_KEYS: readonly string[] = [
  "$schema",
  "plugins",
  "backends",
  "trainable",
  "patches",
  "combiner",
  "hooks",
  "rule",
  "learningRate",
  "rateMultipliers",
  "observers",
  "run",
];

/** Builds what `recipe` names. @throws RecipeError with all problems at once. */
export async function resolve(
  recipe: Recipe,
  byName: ReadonlyMap<string, Entry>,
): Promise<{ readonly resolved: Resolved; readonly used: readonly Used[] }> {
  if (typeof recipe !== "object" || recipe === null || Array.isArray(recipe)) {
    throw new RecipeError("The recipe is no object.", 'Write { "rule": "sgd", "learningRate": 0.1 }.');
  }
  const { build, problems, used } = builder(byName);
  for (const key of Object.keys(recipe).filter((key) => !RECIPE_KEYS.includes(key)))
    problems.push(`\`${key}\` is not a key of a recipe. ${didYouMean(key, RECIPE_KEYS)}`.trimEnd());
  async function all<K extends PluginKind>(kind: K, key: keyof Recipe): Promise<PluginKinds[K][]> {
    const uses = recipe[key] as readonly Use[] | undefined;
    if (uses !== undefined && !Array.isArray(uses)) {
      problems.push(`${key} is no list. Put it into brackets.`);
      return [];
    }
    const made: PluginKinds[K][] = [];
    for (const [i, use] of (uses ?? []).entries()) {
      const value = await build(kind, use, `${key}[${i}]`);
      if (value === undefined) continue;
      made.push(kind === "hook" ? (placed(value as AnyHook, use) as PluginKinds[K]) : value);
    }
    return made;
  }
  async function rate(value: number | Use | undefined, at: string): Promise<number | Schedule> {
    if (typeof value === "number" && value >= 0 && Number.isFinite(value)) return value;
    if (typeof value === "number") problems.push(`${at} is ${value}. Give a number ≥ 0, or a schedule.`);
    else if (value === undefined)
      problems.push(`${at} is missing. Give a number, or { "use": "warmup-cosine", "with": { ... } }.`);
    else return (await build("schedule", value, at)) ?? 0;
    return 0;
  }
  const backends = await all("backend", "backends");
  const patches = await all("patch", "patches");
  const combiner = recipe.combiner === undefined ? undefined : await build("combiner", recipe.combiner, "combiner");
  const hooks = await all("hook", "hooks");
  const rule = recipe.rule === undefined ? undefined : await build("rule", recipe.rule, "rule");
  if (recipe.rule === undefined)
    problems.push('rule is missing. Give one: "rule": { "use": "sgd", "with": { "momentum": 0.9 } }.');
  const learningRate = await rate(recipe.learningRate, "learningRate");
  const rateMultipliers: { on: Resolved["trainable"] & {}; by: number | Schedule }[] = [];
  for (const [i, { on, by }] of (recipe.rateMultipliers ?? []).entries())
    rateMultipliers.push({ on, by: await rate(by, `rateMultipliers[${i}].by`) });
  const observers = await all("observer", "observers");
  problems.push(...misnamed(hooks), ...brokenConstraints(used));
  if (!rule || problems.length > 0) {
    throw new RecipeError(`The recipe has ${problems.length} problem(s).`, problems.join("\n"));
  }
  const { trainable } = recipe;
  return {
    used,
    resolved: { backends, trainable, patches, combiner, hooks, rule, learningRate, rateMultipliers, observers },
  };
}

function placed(hook: AnyHook, use: Use): AnyHook {
  if (typeof use === "string") return hook;
  const named = use.as === undefined ? hook : { ...hook, name: use.as };
  return use.on === undefined ? named : masked(named, use.on);
}

/** What `chain` would say of their names. */
function misnamed(hooks: readonly AnyHook[]): string[] {
  try {
    chain(...hooks);
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
