import {
  type AnyHook,
  masked,
  type OptionSchema,
  type Plugin,
  type PluginKind,
  type PluginKinds,
  type SchemaIssue,
} from "@graftjs/core";
import { accepts, optionsOf } from "./accepts.ts";
import { notFound } from "./entries.ts";
import type { Use } from "./recipe.ts";

/** A use of a plugin in a recipe. Uses are listed in the order in which the recipe names them. */
export interface Used {
  /** Place in the recipe, e.g. `hooks[1]` or `rule.with.rule`. */
  readonly at: string;
  readonly plugin: Plugin;
  /** The use as the recipe writes it. */
  readonly use: Use;
}

/** Makes the parts that a recipe names. Collects problems instead of stopping at the first one. */
export interface Builder {
  /** Makes one plugin's value. Returns undefined if something was wrong; `problems` then says why. */
  make<K extends PluginKind>(kind: K, use: Use, at: string): Promise<PluginKinds[K] | undefined>;
  /** Returns `value` with every plugin that `schema` allows in it built. */
  fill(schema: OptionSchema, value: unknown, at: string): Promise<unknown>;
  readonly problems: string[];
  /** Every plugin that was built. A nested plugin follows the one around it. */
  readonly used: Used[];
}

export function builder(plugins: ReadonlyMap<string, Plugin>): Builder {
  const problems: string[] = [];
  const used: Used[] = [];
  const wrong = (problem: string): undefined => {
    problems.push(problem);
    return undefined;
  };
  async function make<K extends PluginKind>(kind: K, use: Use, at: string): Promise<PluginKinds[K] | undefined> {
    const name = typeof use === "string" ? use : use?.use;
    const given = typeof use === "string" ? undefined : use?.with;
    const plugin = plugins.get(name);
    if (!plugin) return wrong(`${at}: ${notFound(String(name ?? use), kind, [...plugins.values()])}`);
    if (plugin.kind !== kind) {
      const fix = plugin.kind === "rule" ? "Move it to `rule`." : `Move it to the place for a ${plugin.kind}.`;
      return wrong(`${at}: \`${name}\` is a ${plugin.kind}, but this is the place for a ${kind}. ${fix}`);
    }
    used.push({ at, plugin, use });
    if (!plugin.options) {
      const empty =
        given === undefined || (typeof given === "object" && given !== null && Object.keys(given).length === 0);
      if (!empty) return wrong(`${at}: \`${name}\` takes no options. Remove \`with\`.`);
    }
    const before = problems.length;
    const options = await fill(optionsOf(plugin), given, `${at}.with`);
    if (problems.length > before) return undefined;
    try {
      const result = await plugin.options?.["~standard"].validate(options ?? {});
      if (result?.issues) {
        for (const issue of result.issues) problems.push(`${at} \`${name}\`: ${located(issue)}`);
        return undefined;
      }
      const value = plugin.create(result?.value) as PluginKinds[K];
      return kind === "hook" ? (placed(value as AnyHook, use) as PluginKinds[K]) : value;
    } catch (error) {
      return wrong(`${at}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  /** Builds one value after the other, so that `used` keeps the recipe's order. */
  async function fill(schema: OptionSchema, value: unknown, at: string): Promise<unknown> {
    if (value === undefined) return undefined;
    if (schema.anyOf) {
      const fits = schema.anyOf.find((option) => accepts(option, value));
      return fits ? fill(fits, value, at) : value;
    }
    // A number is a constant rate.
    if (schema.plugin === "schedule" && typeof value === "number") return value;
    if (schema.plugin) return make(schema.plugin, value as Use, at);
    if (Array.isArray(value)) {
      const { items } = schema;
      if (!items) return value;
      const made: unknown[] = [];
      for (const [i, item] of value.entries()) made.push(await fill(items, item, `${at}[${i}]`));
      return made;
    }
    const { properties = {}, additionalProperties } = schema;
    const inner = (key: string): OptionSchema | undefined =>
      Object.hasOwn(properties, key)
        ? properties[key]
        : typeof additionalProperties === "object"
          ? additionalProperties
          : undefined;
    if (typeof value !== "object" || value === null || Object.keys(value).every((key) => !inner(key))) return value;
    const made: (readonly [string, unknown])[] = [];
    for (const [key, item] of Object.entries(value)) {
      const schemaOfKey = inner(key);
      made.push([key, schemaOfKey ? await fill(schemaOfKey, item, `${at}.${key}`) : item]);
    }
    return Object.fromEntries(made);
  }
  return { make, fill, problems, used };
}

function placed(hook: AnyHook, use: Use): AnyHook {
  if (typeof use === "string") return hook;
  const named = use.as === undefined ? hook : { ...hook, name: use.as };
  return use.on === undefined ? named : masked(named, use.on);
}

/** Our own schemas name the option in the message. Other libraries name it in the path only. */
function located({ message, path = [] }: SchemaIssue): string {
  const keys = path.map((key) => String(typeof key === "object" ? key.key : key)).join(".");
  return keys === "" || message.includes(keys) ? message : `\`${keys}\`: ${message}`;
}
