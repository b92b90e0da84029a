import { loadRegistry } from "../plugins/load-plugins.ts";
import { readRecipe } from "../recipe/recipe-file.ts";
import { refuseStray } from "./arguments.ts";
import type { Command } from "./command.ts";

export const list: Command = {
  usage: "graft list [recipe.json] [--json]",
  about: "Lists the plugins that a recipe can use: core's own, and those of the packages it names.",
  options: { json: "boolean" },
  async run([path, ...stray], { json }, { out, cwd }) {
    refuseStray(list.usage, stray);
    const file = path === undefined ? undefined : await readRecipe(path, cwd);
    const registry = await loadRegistry(file?.recipe.plugins ?? [], file?.folder ?? cwd);
    const plugins = registry.list();
    if (json) return out(`${JSON.stringify(plugins, null, 2)}\n`);
    const [kind, name] = [width(plugins.map((p) => p.kind)), width(plugins.map((p) => p.name))];
    for (const p of plugins) out(`${p.kind.padEnd(kind)}  ${p.name.padEnd(name)}  ${p.description}\n`);
  },
};

function width(words: readonly string[]): number {
  return Math.max(0, ...words.map((word) => word.length));
}
