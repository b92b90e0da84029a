import { dirname, resolve } from "node:path";
import { UsageError } from "../terminal/errors.ts";
import { readDelta } from "../terminal/files.ts";
import type { Command } from "./command.ts";

export const merge: Command = {
  usage: "graft merge <recipe.json> <delta.safetensors> --out folder",
  about:
    "Writes the recipe's model with a delta applied, as one model that stock tfjs loads.\n" +
    "A delta that was tuned from other weights is refused.",
  options: { out: "string" },
  async run(positionals, { out: given }, io) {
    const [recipe, delta, ...more] = positionals;
    if (recipe === undefined || delta === undefined || more.length > 0 || given === undefined) {
      throw new UsageError(
        "graft merge takes a recipe, a delta and --out.",
        "graft merge recipe.json delta.safetensors --out folder",
      );
    }
    const bytes = await readDelta(delta, io.cwd);
    const { readRecipe } = await import("../recipe/recipe-file.ts");
    const { folder, run } = await readRecipe(recipe, io.cwd);
    const to = resolve(io.cwd, String(given));
    if (to === dirname(resolve(folder, run.model))) {
      throw new UsageError(`${to} holds the base model.`, "Give --out another folder: other deltas need the base.");
    }
    const { applyDelta, saveModel } = await import("@graftjs/tuner");
    const { onCpu } = await import("../model/on-cpu.ts");
    await onCpu();
    const { readModel } = await import("../model/recipe-model.ts");
    const model = await readModel({ folder, run });
    try {
      applyDelta(model.tunable, bytes);
      await saveModel(model.savable, to);
    } finally {
      model.dispose();
    }
    io.out(`Saved ${resolve(to, "model.json")}.\n`);
  },
};
