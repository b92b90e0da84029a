import type { Used } from "./build.ts";
import type { JsonSelector, Recipe } from "./recipe.ts";
import type { Resolution } from "./resolve.ts";

/** Describes the composed step line by line: sections in the order in which they act, with the plugins of each. */
export function explain(recipe: Recipe, { used, sections }: Pick<Resolution, "used" | "sections">): string {
  const lines: string[] = [];
  if (recipe.trainable !== undefined) lines.push(`trains ${selector(recipe.trainable)}`);
  for (const { key, title, kind } of sections) {
    // Plugins inside other plugins' options are listed below the plugin around them.
    const top = used.filter(({ at }) => belongs(at, key) && !at.includes(".with."));
    const constant = kind === "schedule" && typeof recipe[key] === "number" ? [`  ${recipe[key]}`] : [];
    if (top.length === 0 && constant.length === 0) continue;
    lines.push(title, ...constant);
    for (const [i, use] of top.entries()) {
      lines.push(`  ${i + 1}. ${line(use, key)}`);
      lines.push(...reasons(use).map((reason) => `     ${reason}`));
      for (const inner of used.filter(({ at }) => at.startsWith(`${use.at}.with.`)))
        lines.push(`     ${inner.at.slice(use.at.length + 6)}: ${inner.plugin.name} — ${inner.plugin.description}`);
    }
  }
  return lines.join("\n");
}

function belongs(at: string, key: string): boolean {
  return at === key || at.startsWith(`${key}[`) || at.startsWith(`${key}.`);
}

function line({ plugin: { name, description }, use, at }: Used, key: string): string {
  const inside = at.startsWith(`${key}.`) ? `${at.slice(key.length + 1)}: ` : "";
  if (typeof use === "string") return `${inside}${name} — ${description}`;
  const as = use.as === undefined ? "" : ` as ${use.as}`;
  const on = use.on === undefined ? "" : ` on ${selector(use.on)}`;
  const options = use.with === undefined ? "" : ` ${JSON.stringify(use.with)}`;
  return `${inside}${name}${as}${on}${options} — ${description}`;
}

function reasons({ plugin: { conflicts = {} } }: Used): string[] {
  return Object.entries(conflicts).map(([other, why]) => `never with ${other}: ${why}`);
}

function selector(on: JsonSelector): string {
  return typeof on === "string" ? on : JSON.stringify(on);
}
