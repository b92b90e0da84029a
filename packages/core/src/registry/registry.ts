import { RecipeError } from "../errors.ts";
import type { PluginKind, PluginKinds } from "../plugin.ts";
import type { Recipe, Resolved, Use } from "../recipe.ts";
import { builder } from "./build.ts";
import { collect, type Entry, loaded } from "./entries.ts";
import { explain } from "./explain.ts";
import { type JsonSchema, recipeSchema } from "./json-schema.ts";
import { resolve } from "./resolve.ts";

/** A plugin as a listing shows it. */
export interface Listing {
  readonly name: string;
  readonly kind: PluginKind;
  readonly description: string;
}

/** Plugins by name. A value: nothing registers itself on import, and two registries may differ. */
export interface Registry {
  /**
   * What is registered, in order of registration.
   *
   * @param kind of that kind alone. @default every kind
   * @param name with a name like this, `*` for any characters: `warmup*`. @default "*"
   */
  list(kind?: PluginKind, name?: string): readonly Listing[];
  /**
   * Builds everything a recipe names, loading lazy plugins.
   *
   * @throws RecipeError with all problems of the recipe at once, each ending in its fix.
   */
  resolve(recipe: Recipe): Promise<Resolved>;
  /**
   * Builds one plugin from its name and options; for kinds that a package adds, and that no key of a recipe holds.
   *
   * @throws RecipeError with all problems at once.
   */
  create<K extends PluginKind>(kind: K, use: Use): Promise<PluginKinds[K]>;
  /** The step that a recipe composes, line by line, and why each part stands where it does. @throws RecipeError as `resolve`. */
  explain(recipe: Recipe): Promise<string>;
  /** JSON Schema (draft-07) of recipes over these plugins, for editors. Loads lazy ones. @throws RecipeError where one fails to load. */
  jsonSchema(): Promise<JsonSchema>;
}

/**
 * A registry of these plugins, lists of them flattened: `createRegistry([corePlugins, plugins, myHook])`.
 *
 * @throws RecipeError with every entry that is no plugin, is not named in kebab-case, is named twice, or needs another core.
 */
export function createRegistry(entries: readonly (Entry | readonly Entry[])[]): Registry {
  const byName = collect(entries.flat() as readonly Entry[]);
  return {
    list(kind, name = "*") {
      const pattern = new RegExp(
        `^${name
          .split("*")
          .map((part) => part.replace(/[^\w-]/g, "\\$&"))
          .join(".*")}$`,
      );
      return [...byName.values()]
        .filter((plugin) => (kind === undefined || plugin.kind === kind) && pattern.test(plugin.name))
        .map(({ name, kind, description }) => ({ name, kind, description }));
    },
    resolve: async (recipe) => (await resolve(recipe, byName)).resolved,
    async create(kind, use) {
      const { build, problems } = builder(byName);
      const made = await build(kind, use, kind);
      if (made === undefined)
        throw new RecipeError(`The ${kind} has ${problems.length} problem(s).`, problems.join("\n"));
      return made;
    },
    explain: async (recipe) => explain(recipe, (await resolve(recipe, byName)).used),
    async jsonSchema() {
      const plugins = await Promise.all([...byName.values()].map(loaded));
      const problems = plugins.filter((plugin) => typeof plugin === "string");
      if (problems.length > 0) throw new RecipeError("Not every plugin could be loaded.", problems.join("\n"));
      return recipeSchema(plugins.filter((plugin) => typeof plugin !== "string"));
    },
  };
}
