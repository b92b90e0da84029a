import { list, nearest, RecipeError } from "../errors.ts";
import type { LazyPlugin, Plugin } from "../plugin.ts";
import { CORE_VERSION } from "../version.ts";
import { satisfies } from "./range.ts";

export type Entry = Plugin | LazyPlugin;

/**
 * Plugins by name.
 *
 * @throws RecipeError with every entry that is none, is misnamed, named twice or made for another core.
 */
export function collect(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  const byName = new Map<string, Entry>();
  const problems: string[] = [];
  for (const [i, entry] of entries.entries()) {
    const name = entry?.name;
    if (typeof name !== "string" || !("load" in entry || typeof entry.create === "function")) {
      problems.push(`Entry ${i} is no plugin: it has \`kind\`, \`name\`, \`description\`, and \`create\` or \`load\`.`);
      continue;
    }
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))
      problems.push(`\`${name}\` is not kebab-case: lower case, digits, hyphens.`);
    if (byName.has(name))
      problems.push(`Two plugins are named \`${name}\`. Leave one of them out, or rename it by \`alias\`.`);
    const outdated = versionProblem(entry);
    if (outdated) problems.push(outdated);
    byName.set(name, entry);
  }
  if (problems.length > 0) {
    throw new RecipeError(`The registry has ${problems.length} wrong entry(s).`, problems.join("\n"));
  }
  return byName;
}

/** What is wrong with the version of core that a plugin asks for, if anything. A lazy one has not said yet. */
export function versionProblem(plugin: Entry): string | undefined {
  if ("load" in plugin || plugin.coreVersion === undefined) return undefined;
  const fits = satisfies(CORE_VERSION, plugin.coreVersion);
  if (fits) return undefined;
  return fits === undefined
    ? `\`${plugin.name}\` asks for core \`${plugin.coreVersion}\`, which is no range. Write ^1.2.0 or >=1.2.0 <3.0.0.`
    : `\`${plugin.name}\` works with @graftjs/core ${plugin.coreVersion}, and this is ${CORE_VERSION}. Update one of the two.`;
}

/** A lazy plugin, loaded, as it said it would be; or what is wrong with it. */
export async function loaded(entry: Entry): Promise<Plugin | string> {
  if (!("load" in entry)) return entry;
  let plugin: Plugin;
  try {
    plugin = await entry.load();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const missing = entry.package ?? /Cannot find (?:package|module) '([^']+)'/.exec(message)?.[1];
    return `\`${entry.name}\` could not be loaded: ${message}.${missing ? ` Install it: pnpm add ${missing}` : ""}`;
  }
  if (plugin?.name !== entry.name || plugin.kind !== entry.kind) {
    return `\`${entry.name}\` (${entry.kind}) loaded \`${plugin?.name}\` (${plugin?.kind}). Make the lazy entry say what it loads.`;
  }
  return versionProblem(plugin) ?? plugin;
}

/** What to do about a name that is not registered. */
export function notFound(name: string, known: readonly string[]): string {
  const near = didYouMean(name, known);
  if (near) return `no plugin is named \`${name}\`. ${near}`;
  return `no plugin is named \`${name}\`. If it is a package: pnpm add @graftjs/${name}, then add it to "plugins". Registered: ${list(known)}.`;
}

/** "Did you mean `x`?", or nothing. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near.length > 0 ? `Did you mean ${near.map((n) => `\`${n}\``).join(" or ")}?` : "";
}
