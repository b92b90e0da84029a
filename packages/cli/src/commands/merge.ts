import { resolve } from "node:path";
import { readDelta } from "../project/files.ts";
import { trustFlags, trustOf } from "../project/trust.ts";
import { modelPath } from "../recipe/model-path.ts";
import { saveMerged } from "../run/save-merged.ts";
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
    const { readRecipe } = await import("../recipe/recipe-file.ts");
    const { withDownloads } = await import("../run/with-downloads.ts");
    const file = await withDownloads(await readRecipe(recipe, io.cwd, trustOf(values, "folder")), io.err);
    const base = resolve(file.folder, modelPath(file.run.model));
    const path = await saveMerged({ base, delta: bytes, source: file }, resolve(io.cwd, String(out)), io.cwd);
    io.out(`Saved ${path}.\n`);
  },
};
