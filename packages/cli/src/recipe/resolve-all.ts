import { GraftError } from "@graftjs/core";
import type { Recipe, Registry, Resolved } from "@graftjs/registry";
import { isPackageName, refusal, type Trust } from "../project/trust.ts";
import { anchored } from "./anchored.ts";
import { completed } from "./effort.ts";
import { loadRegistry } from "./load-plugins.ts";
import { runSchema } from "./run-section.ts";

/** A recipe after resolving, even if parts of it failed. */
export interface Attempt {
  /** The plugins of every package that could be loaded. */
  readonly registry: Registry;
  /** Undefined if there are problems. */
  readonly resolved: Resolved | undefined;
  /** One line for each problem, with its fix. */
  readonly problems: string[];
}

/**
 * Builds everything that a recipe names. Problems are collected, not thrown, so that a caller can add its own to them.
 *
 * Code by path is loaded only if the rest of the recipe has no problem, so that an invalid recipe does not run it.
 *
 * @param known problems that the caller has found. If there are any, no code by path is loaded.
 */
export async function resolveAll(
  recipe: Recipe,
  folder: string,
  trust: Trust,
  known: readonly string[] = [],
): Promise<Attempt> {
  const { packages, paths } = pluginsOf(recipe);
  if (paths.length === 0) return attempt(recipe, folder, trust);
  const first = await attempt({ ...recipe, plugins: packages }, folder, trust);
  const refused = paths.flatMap((name) => refusal(name, folder, trust) ?? []);
  const sure = [...refused, ...first.problems.filter((problem) => !maySolve(problem))];
  if (sure.length + known.length > 0) return { ...first, resolved: undefined, problems: sure };
  return attempt(recipe, folder, trust);
}

/** Divides a recipe's plugins into installed packages and code by path. */
export function pluginsOf({ plugins }: Recipe): {
  readonly packages: readonly string[];
  readonly paths: readonly string[];
} {
  const names: readonly unknown[] = Array.isArray(plugins) ? plugins : [];
  const texts = names.filter((name) => typeof name === "string");
  return { packages: texts.filter(isPackageName), paths: texts.filter((name) => !isPackageName(name)) };
}

/** Tells whether plugins by path may solve a problem: they add plugins, and kinds with keys of the recipe. */
export function maySolve(problem: string): boolean {
  return /no plugin is named `|is not a key of a recipe/.test(problem);
}

async function attempt(recipe: Recipe, folder: string, trust: Trust): Promise<Attempt> {
  const problems: string[] = [];
  const note = (error: unknown): undefined => {
    if (!(error instanceof GraftError)) throw error;
    problems.push(...error.hint.split("\n"));
    return undefined;
  };
  const complete = await loadRegistry(recipe.plugins ?? [], folder, trust).catch(note);
  // If a package is missing, the rest of the recipe is still checked, against the packages that could be loaded.
  const registry = complete ?? (await loadRegistry(await loadable(recipe, folder, trust), folder, trust));
  return {
    registry,
    resolved: await resolved(registry, recipe, folder).catch(note),
    problems,
  };
}

async function resolved(registry: Registry, recipe: Recipe, folder: string): Promise<Resolved> {
  return registry.resolve(anchored(completed(recipe), folder), { run: await runSchema() });
}

async function loadable({ plugins = [] }: Recipe, folder: string, trust: Trust): Promise<readonly string[]> {
  const tried = await Promise.all(
    plugins.map((name) =>
      loadRegistry([name], folder, trust).then(
        () => [name],
        () => [],
      ),
    ),
  );
  return tried.flat();
}
