import type { Nests, Plugin, PluginKind, PluginKinds } from "../plugin.ts";
import type { Use } from "../recipe.ts";
import type { SchemaIssue } from "../standard-schema.ts";
import type { Used } from "./constraints.ts";
import { type Entry, loaded, notFound } from "./entries.ts";

/** Makes what a recipe names, one use at a time, and collects what is wrong instead of stopping at it. */
export interface Builder {
  /** @returns undefined where something was wrong; `problems` says what. */
  build<K extends PluginKind>(kind: K, use: Use, at: string): Promise<PluginKinds[K] | undefined>;
  readonly problems: string[];
  /** Every plugin that was built, in the order of the recipe, nested ones after the one around them. */
  readonly used: Used[];
}

export function builder(byName: ReadonlyMap<string, Entry>): Builder {
  const problems: string[] = [];
  const used: Used[] = [];
  const wrong = (problem: string): undefined => {
    problems.push(problem);
    return undefined;
  };
  async function build<K extends PluginKind>(kind: K, use: Use, at: string): Promise<PluginKinds[K] | undefined> {
    const name = typeof use === "string" ? use : use?.use;
    const given = typeof use === "string" ? undefined : use?.with;
    const entry = byName.get(name);
    if (!entry) return wrong(`${at}: ${notFound(String(name ?? use), [...byName.keys()])}`);
    if (entry.kind !== kind) {
      const fix =
        entry.kind === "rule"
          ? "It is an update rule: move it to `rule`."
          : `Move it to where a ${entry.kind} belongs.`;
      return wrong(`${at}: \`${name}\` is a ${entry.kind}, and stands where a ${kind} belongs. ${fix}`);
    }
    const plugin = await loaded(entry);
    if (typeof plugin === "string") return wrong(`${at}: ${plugin}`);
    used.push({ at, plugin });
    if (!plugin.options) {
      const empty =
        given === undefined || (typeof given === "object" && given !== null && Object.keys(given).length === 0);
      if (!empty) return wrong(`${at}: \`${name}\` takes no options. Remove \`with\`.`);
    }
    const before = problems.length;
    const options = await nested(plugin, given, at);
    if (problems.length > before) return undefined;
    try {
      const result = await plugin.options?.["~standard"].validate(options ?? {});
      if (result?.issues) {
        for (const issue of result.issues) problems.push(`${at} \`${name}\`: ${located(issue)}`);
        return undefined;
      }
      return plugin.create(result?.value) as PluginKinds[K];
    } catch (error) {
      return wrong(`${at}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  /** `given`, with the plugins that stand in its options built. */
  async function nested({ nests = {}, nestsEach = {} }: Plugin, given: unknown, at: string): Promise<unknown> {
    return mapEntries(given, async (key, value) => {
      const path = `${at}.with.${key}`;
      const [one, each] = [own(nests, key), own(nestsEach, key)];
      // A number stands for itself: a constant rate.
      if (one !== undefined) return typeof value === "number" ? value : build(one, value as Use, path);
      return each === undefined
        ? value
        : mapEntries(value, (label, use) => build(each, use as Use, `${path}.${label}`));
    });
  }
  return { build, problems, used };
}

/** Our own schemas name the option in the message; other libraries leave it to the path. */
function located({ message, path = [] }: SchemaIssue): string {
  const keys = path.map((key) => String(typeof key === "object" ? key.key : key)).join(".");
  return keys === "" || message.includes(keys) ? message : `\`${keys}\`: ${message}`;
}

function own(nests: Nests, key: string): PluginKind | undefined {
  return Object.hasOwn(nests, key) ? nests[key] : undefined;
}

/** One entry after the other: what they use is recorded in the recipe's order. */
async function mapEntries(
  object: unknown,
  fn: (key: string, value: unknown) => Promise<unknown> | unknown,
): Promise<unknown> {
  if (typeof object !== "object" || object === null || Array.isArray(object)) return object;
  const made: (readonly [string, unknown])[] = [];
  for (const [key, value] of Object.entries(object)) made.push([key, await fn(key, value)]);
  return Object.fromEntries(made);
}
