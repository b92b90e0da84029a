import { formatNames, nearestNames, type Plugin, RecipeError } from "@graftjs/core";
import type { Kind } from "./kinds.ts";

/** An entry of a registry: a plugin, or a kind that a package adds. */
export type Entry = Plugin | Kind;

/** Entries of a registry, sorted. */
export interface Entries {
  readonly plugins: ReadonlyMap<string, Plugin>;
  readonly kinds: readonly Kind[];
}

/** Names in recipes: kebab-case, or the camelCase name that tfjs gives a loss or a metric. */
const NAME = /^[a-z][a-zA-Z0-9]*(-[a-z0-9]+)*$/;

/** @throws RecipeError with every entry that is not a plugin, has an unfit name, or has the name of another one. */
export function collect(entries: readonly Entry[]): Entries {
  const plugins = new Map<string, Plugin>();
  const kinds: Kind[] = [];
  const problems: string[] = [];
  for (const [i, entry] of entries.entries()) {
    if (typeof entry === "object" && entry !== null && "defines" in entry) {
      if (kinds.some(({ defines }) => defines === entry.defines))
        problems.push(`Two entries define the kind \`${entry.defines}\`.`);
      else kinds.push(entry);
      continue;
    }
    const name = entry?.name;
    if (typeof name !== "string" || typeof entry.create !== "function") {
      problems.push(`Entry ${i} is not a plugin: a plugin has \`kind\`, \`name\`, \`description\` and \`create\`.`);
      continue;
    }
    if (!NAME.test(name)) problems.push(`\`${name}\` is not kebab-case: lower case, digits, hyphens.`);
    if (plugins.has(name)) problems.push(`Two plugins are named \`${name}\`. Leave one of them out.`);
    plugins.set(name, entry);
  }
  if (problems.length > 0) {
    throw new RecipeError(`The registry has ${problems.length} wrong entry(s).`, problems.join("\n"));
  }
  return { plugins, kinds };
}

/** Returns the reason and the fix for a name that is not registered. Only names of the same kind are suggested. */
export function notFound(name: string, kind: string, plugins: readonly Plugin[]): string {
  const ofKind = plugins.filter((plugin) => plugin.kind === kind).map(({ name }) => name);
  const near = nearOnes(name, ofKind);
  if (near) return `no plugin is named \`${name}\`. ${near}`;
  if (Number.isFinite(Number(name)))
    return `no plugin is named \`${name}\`. If it is a number, write it without quotes.`;
  return `no plugin is named \`${name}\`. If it is a package: npm install @graftjs/${name}, then add it to "plugins". Registered: ${formatNames(ofKind)}.`;
}

/** Returns "Did you mean `x`?", or an empty string if no name is near. */
export function nearOnes(name: string, known: readonly string[]): string {
  const near = nearestNames(name, known);
  return near.length > 0 ? `Did you mean ${near.map((n) => `\`${n}\``).join(" or ")}?` : "";
}
