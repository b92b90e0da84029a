import { checkedRegistry } from "../recipe/checked-registry.ts";
import { loadRegistry } from "../recipe/load-plugins.ts";
import { readRecipeJson } from "../recipe/recipe-file.ts";
import { schemaText } from "../recipe/schema-text.ts";
import { trustFlags, trustHelp, trustOf } from "../project/trust.ts";
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
    const registry =
      path === undefined
        ? await loadRegistry([], cwd)
        : await checkedRegistry(await readRecipeJson(path, cwd, trustOf(values, "none")), { isUnfinished: true });
    out(await schemaText(registry));
  },
};
