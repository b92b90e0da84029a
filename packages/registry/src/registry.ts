import { type OptionSchema, type PluginKind, type PluginKinds, RecipeError } from "@graftjs/core";
import { builder } from "./build.ts";
import { collect, type Entry } from "./entries.ts";
import { explain } from "./explain.ts";
import { type JsonSchema, recipeSchema } from "./json-schema.ts";
import type { Recipe, Resolved, Use } from "./recipe.ts";
import { resolve } from "./resolve.ts";
import { sectionsOf } from "./sections.ts";

/** A plugin in a listing. */
export interface Listing {
  readonly name: string;
  readonly kind: PluginKind;
  readonly description: string;
}

/** Settings of a registry's functions. */
export interface RunSchema {
  /** Schema of the recipe's `run` section. Plugins in the section are then built, explained and completed. @default any value */
  readonly run?: OptionSchema;
}

/** Plugins by name. A registry is a value: nothing registers itself on import, and two registries may differ. */
export interface Registry {
  /**
   * Lists the plugins in order of registration.
   *
   * @param kind only plugins of this kind. @default every kind
   * @param name only plugins with this name; `*` stands for any characters: `warmup*`. @default "*"
   */
  list(kind?: PluginKind, name?: string): readonly Listing[];
  /**
   * Builds the parts that a recipe names.
   *
   * @throws RecipeError with all problems of the recipe at once, each with its fix.
   */
  resolve(recipe: Recipe, options?: RunSchema): Promise<Resolved>;
  /**
   * Builds one plugin from its name and options.
   *
   * @throws RecipeError with all problems at once.
   */
  create<K extends PluginKind>(kind: K, use: Use): Promise<PluginKinds[K]>;
  /** Describes the composed step line by line, with the reason for each part's place. @throws RecipeError as `resolve`. */
  explain(recipe: Recipe, options?: RunSchema): Promise<string>;
  /** Returns the JSON Schema (draft-07) of recipes over these plugins, for editors. */
  jsonSchema(options?: RunSchema): JsonSchema;
}

/**
 * Makes a registry from plugins, and from kinds that packages add. Lists are flattened:
 * `createRegistry([corePlugins, transformPlugins, myHook])`.
 *
 * @throws RecipeError with every entry that is not a plugin, has an unfit name, or has the name of another entry.
 */
export function createRegistry(entries: readonly (Entry | readonly Entry[])[]): Registry {
  const collected = collect(entries.flat() as readonly Entry[]);
  const { plugins, kinds } = collected;
  sectionsOf(kinds);
  return {
    list(kind, name = "*") {
      const pattern = new RegExp(
        `^${name
          .split("*")
          .map((part) => part.replace(/[^\w-]/g, "\\$&"))
          .join(".*")}$`,
      );
      return [...plugins.values()]
        .filter((plugin) => (kind === undefined || plugin.kind === kind) && pattern.test(plugin.name))
        .map(({ name, kind, description }) => ({ name, kind, description }));
    },
    resolve: async (recipe, { run } = {}) => (await resolve(recipe, collected, run)).resolved,
    async create(kind, use) {
      const { make, problems } = builder(plugins);
      const made = await make(kind, use, kind);
      if (made === undefined)
        throw new RecipeError(`The ${kind} has ${problems.length} problem(s).`, problems.join("\n"));
      return made;
    },
    explain: async (recipe, { run } = {}) => explain(recipe, await resolve(recipe, collected, run)),
    jsonSchema: ({ run } = {}) => recipeSchema([...plugins.values()], sectionsOf(kinds, run)),
  };
}
