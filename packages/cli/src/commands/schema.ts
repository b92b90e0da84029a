import { loadRegistry } from "../recipe/load-plugins.ts";
import { readRecipeJson } from "../recipe/recipe-file.ts";
import { schemaText } from "../recipe/schema-text.ts";
import { LOOK, trustFlags, trustHelp, trustOf } from "../project/trust.ts";
import { refuseStray } from "./arguments.ts";
import type { Command } from "./command.ts";

export const schema: Command = {
  usage: "graft schema [recipe.json] > graft.schema.json",
  about:
    "Prints the JSON Schema of recipes, with which an editor completes and checks them.\n" +
    "It covers the plugins of Graft's base packages and of the packages that the recipe names.\n\n" +
    trustHelp,
  options: trustFlags,
  async run([path, ...stray], values, { out, cwd }) {
    refuseStray(schema.usage, stray);
    const file = path === undefined ? undefined : await readRecipeJson(path, cwd, trustOf(values, "none"));
    const registry = await loadRegistry(file?.recipe.plugins ?? [], file?.folder ?? cwd, file?.trust ?? LOOK);
    out(await schemaText(registry));
  },
};
