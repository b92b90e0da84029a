import { GraftError } from "@graftjs/core";
import type { Recipe, Registry, Resolved } from "@graftjs/registry";
import type { Trust } from "../project/trust.ts";
import { anchored } from "./anchored.ts";
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

/** Builds everything that a recipe names. Problems are collected, not thrown, so that a caller can add its own to them. */
export async function resolveAll(recipe: Recipe, folder: string, trust: Trust): Promise<Attempt> {
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
    resolved: await registry.resolve(anchored(recipe, folder), { run: await runSchema() }).catch(note),
    problems,
  };
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
