import { checkedRegistry } from "../recipe/checked-registry.ts";
import { completed } from "../recipe/effort.ts";
import { readRecipeJson } from "../recipe/recipe-file.ts";
import { runSchema } from "../recipe/run-section.ts";
import { trustFlags, trustHelp, trustOf } from "../project/trust.ts";
import { recipePath } from "./arguments.ts";
import type { Command } from "./command.ts";

export const explain: Command = {
  usage: "graft explain <recipe.json>",
  about: `Prints each part of a recipe's training step in order, and how the parts depend on each other.\n\n${trustHelp}`,
  options: trustFlags,
  async run(positionals, values, { out, cwd }) {
    const trust = trustOf(values, "none");
    const file = await readRecipeJson(recipePath("explain", positionals), cwd, trust);
    const registry = await checkedRegistry(file, { isUnfinished: false });
    out(`${await registry.explain(completed(file.recipe), { run: await runSchema() })}\n`);
  },
};
