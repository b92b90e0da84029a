import type { PluginKind } from "../plugin.ts";
import type { JsonSelector, Recipe, Use } from "../recipe.ts";
import type { Used } from "./constraints.ts";

/** Why a part stands where it does: what the section means, then what the plugins themselves ask for. */
const SECTIONS: readonly (readonly [PluginKind, string])[] = [
  ["backend", "backends, the first that can do the job computes"],
  ["patch", "patches, applied to the model before the first step and taken off after the last"],
  ["combiner", "combiner, first in a step: hooks only ever see one gradient"],
  ["hook", "hooks, in this order: each gets what the one above returned"],
  ["rule", "rule, last: turns the gradient into what is subtracted"],
  ["schedule", "learning rate, read once at the start of a step and shown to every hook"],
  ["observer", "observers, after the step: they watch and change nothing"],
];

/** The composed step, line by line. `used` is what `recipe` resolved to. */
export function explain(recipe: Recipe, used: readonly Used[]): string {
  const lines: string[] = [];
  if (recipe.trainable !== undefined) lines.push(`trains ${selector(recipe.trainable)}`);
  for (const [kind, title] of SECTIONS) {
    // A nested plugin is shown under the one around it.
    const top = used.filter(({ at, plugin }) => plugin.kind === kind && !at.includes(".with."));
    const constant = kind === "schedule" && typeof recipe.learningRate === "number" ? [`  ${recipe.learningRate}`] : [];
    if (top.length === 0 && constant.length === 0) continue;
    lines.push(title, ...constant);
    for (const [i, use] of top.entries()) {
      lines.push(`  ${i + 1}. ${line(useAt(recipe, use.at), use)}`);
      lines.push(...reasons(use).map((reason) => `     ${reason}`));
      for (const inner of used.filter(({ at }) => at.startsWith(`${use.at}.with.`)))
        lines.push(`     ${inner.at.slice(use.at.length + 6)}: ${inner.plugin.name} — ${inner.plugin.description}`);
    }
  }
  return lines.join("\n");
}

function line(use: Use | undefined, { plugin }: Used): string {
  const { name, description } = plugin;
  if (use === undefined || typeof use === "string") return `${name} — ${description}`;
  const as = use.as === undefined ? "" : ` as ${use.as}`;
  const on = use.on === undefined ? "" : ` on ${selector(use.on)}`;
  const options = use.with === undefined ? "" : ` ${JSON.stringify(use.with)}`;
  return `${name}${as}${on}${options} — ${description}`;
}

function reasons({ plugin }: Used): string[] {
  const { after = [], before = [], conflicts = {}, needs = {}, aliasOf } = plugin;
  return [
    ...(aliasOf === undefined ? [] : [`is ${aliasOf} with other defaults`]),
    ...(after.length > 0 ? [`stands after ${after.join(", ")}, where there is one`] : []),
    ...(before.length > 0 ? [`stands before ${before.join(", ")}, where there is one`] : []),
    ...Object.entries(needs).map(([other, why]) => `needs ${other}: ${why}`),
    ...Object.entries(conflicts).map(([other, why]) => `never with ${other}: ${why}`),
  ];
}

/** The `Use` at `hooks[1]` or `rule`. */
function useAt(recipe: Recipe, at: string): Use | undefined {
  const [, key = "", index] = /^(\w+)(?:\[(\d+)\])?/.exec(at) ?? [];
  const value = (recipe as unknown as Record<string, unknown>)[key];
  return (index === undefined ? value : (value as readonly Use[])[Number(index)]) as Use | undefined;
}

function selector(on: JsonSelector): string {
  return typeof on === "string" ? on : JSON.stringify(on);
}
