import { loadRegistry } from "../plugins/load-plugins.ts";
import { readRecipe } from "../recipe/recipe-file.ts";
import { recipePath } from "./arguments.ts";
import type { Command } from "./command.ts";

export const explain: Command = {
  usage: "graft explain <recipe.json>",
  about: "Prints the composed step of a recipe, line by line, and why each part stands where it does.",
  options: {},
  async run(positionals, _values, { out, cwd }) {
    const { recipe, folder } = await readRecipe(recipePath("explain", positionals), cwd);
    const registry = await loadRegistry(recipe.plugins ?? [], folder);
    out(`${await registry.explain(recipe)}\n`);
  },
};
