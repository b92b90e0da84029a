import type { LazyPlugin, Plugin } from "../plugin.ts";

export interface AliasOptions {
  /** The new name, kebab-case. */
  readonly name: string;
  /** Options that a recipe need not write; what it writes wins. They are checked by the plugin's schema with the rest. */
  readonly defaults: { readonly [option: string]: unknown };
  /** One line for listings. @default that of the plugin */
  readonly description?: string;
}

/** The same plugin under another name, with other defaults: `alias(lars, { name: "lars-caffe", defaults: {...} })`. */
export function alias<P extends Plugin | LazyPlugin>(plugin: P, options: AliasOptions): P;
export function alias(plugin: Plugin | LazyPlugin, options: AliasOptions): Plugin | LazyPlugin {
  const { name, defaults, description = plugin.description } = options;
  if ("load" in plugin) return { ...plugin, name, description, load: async () => alias(await plugin.load(), options) };
  const { options: schema } = plugin;
  const merged = (given: unknown): object => ({ ...defaults, ...(given as object) });
  const withDefaults = schema && {
    ...schema,
    "~standard": {
      ...schema["~standard"],
      validate: (given: unknown) =>
        schema["~standard"].validate(typeof given === "object" && given !== null ? merged(given) : given),
    },
  };
  return { ...plugin, name, description, aliasOf: plugin.name, ...(withDefaults ? { options: withDefaults } : {}) };
}
