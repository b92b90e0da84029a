import { checkedRegistry } from "../recipe/checked-registry.ts";
import { loadRegistry } from "../recipe/load-plugins.ts";
import { readRecipeJson } from "../recipe/recipe-file.ts";
import { trustFlags, trustHelp, trustOf } from "../project/trust.ts";
import { refuseStray } from "./arguments.ts";
import type { Command } from "./command.ts";

export const list: Command = {
  usage: "graft list [recipe.json] [--json]",
  about:
    "Lists the plugins that a recipe can use, and the checks of `graft doctor`.\n" +
    "These are the plugins of Graft's base packages and of the packages that the recipe names.\n\n" +
    "--json         Prints the list as JSON.\n" +
    trustHelp,
  options: { json: "boolean", ...trustFlags },
  async run([path, ...stray], values, { out, cwd }) {
    refuseStray(list.usage, stray);
    const registry =
      path === undefined
        ? await loadRegistry([], cwd)
        : await checkedRegistry(await readRecipeJson(path, cwd, trustOf(values, "none")), { isUnfinished: true });
    const plugins = registry.list();
    if (values.json) return out(`${JSON.stringify(plugins, null, 2)}\n`);
    const kindWidth = longest(plugins.map(({ kind }) => kind));
    const nameWidth = longest(plugins.map(({ name }) => name));
    for (const kind of new Set(plugins.map((plugin) => plugin.kind)))
      for (const { name, description } of plugins.filter((plugin) => plugin.kind === kind))
        out(`${kind.padEnd(kindWidth)}  ${name.padEnd(nameWidth)}  ${description}\n`);
  },
};

function longest(words: readonly string[]): number {
  return Math.max(0, ...words.map(({ length }) => length));
}
