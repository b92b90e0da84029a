import { dirname, join, resolve } from "node:path";
import { readDelta } from "../project/files.ts";
import { modelPath } from "../recipe/model-path.ts";
import { realPath, trustFlags, trustOf } from "../project/trust.ts";
import { assertModelReplaceable } from "../run/assert-places.ts";
import { modelFiles } from "../run/model-files.ts";
import { UsageError } from "../terminal/errors.ts";
import type { Command } from "./command.ts";

export const merge: Command = {
  usage: "graft merge <recipe.json> <delta.safetensors> --out folder",
  about:
    "Applies a delta to the recipe's model and saves the result as one model that stock tfjs loads.\n" +
    "Refuses a delta that was trained from other weights.\n\n" +
    "--out  Folder of the merged model. It must not be the folder of the base model, or of another model that Graft has not\n" +
    "       written.",
  options: { out: "string", ...trustFlags },
  async run(positionals, values, io) {
    const { out } = values;
    const [recipe, delta, ...more] = positionals;
    if (recipe === undefined || delta === undefined || more.length > 0 || out === undefined) {
      throw new UsageError(
        "graft merge takes a recipe, a delta and --out.",
        "graft merge recipe.json delta.safetensors --out folder",
      );
    }
    const bytes = await readDelta(delta, io.cwd);
    const trust = trustOf(values, "folder");
    const { readRecipe } = await import("../recipe/recipe-file.ts");
    const { folder, run, recipe: json } = await readRecipe(recipe, io.cwd, trust);

    const to = resolve(io.cwd, String(out));
    const base = resolve(folder, modelPath(run.model));
    const files = new Set((await modelFiles(base)).map(realPath));
    if (realPath(to) === realPath(dirname(base)) || files.has(realPath(join(to, "model.json")))) {
      throw new UsageError(
        `${to} holds the base model.`,
        "Give --out another folder: other deltas still need the base model.",
      );
    }
    await assertModelReplaceable(to);
    const { readDeltaCard, saveModel } = await import("@graftjs/tuner");
    const card = readDeltaCard(bytes);
    const { useCpuBackend } = await import("../model/cpu-backend.ts");
    await useCpuBackend();
    const { applyTuned } = await import("../model/apply-tuned.ts");
    const { readModel, titleOf } = await import("../model/recipe-model.ts");
    const model = await readModel({ folder, run, recipe: json, trust, classes: card?.classes });
    try {
      if (!model.savable) {
        throw new UsageError(
          `A ${titleOf(model)} cannot be saved as a model of tfjs.`,
          "Load the base model, and apply the delta to it with `applyDelta` of @graftjs/tuner.",
        );
      }
      await applyTuned(model, { folder, recipe: json, trust }, bytes);
      await saveModel(model.savable, to, card ? { card } : {});
    } finally {
      model.dispose();
    }
    io.out(`Saved ${resolve(to, "model.json")}.\n`);
  },
};
