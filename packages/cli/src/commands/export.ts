import { basename, dirname, resolve } from "node:path";
import { modelOrRecipe } from "../predict/model-or-recipe.ts";
import { readDelta } from "../project/files.ts";
import { type Trust, trustFlags, trustHelp, trustOf } from "../project/trust.ts";
import { modelPath } from "../recipe/model-path.ts";
import { type Merging, saveMerged, saveMergedPage } from "../run/save-merged.ts";
import { UsageError } from "../terminal/errors.ts";
import type { Io } from "../terminal/io.ts";
import type { Command } from "./command.ts";

export const exportModel: Command = {
  usage:
    "graft export <recipe, model file or folder> [delta.safetensors] (--out <folder, file.safetensors or file.keras> | --page <folder> [--reader json])",
  about:
    "Saves a model, with a delta applied, as one model that stock tfjs loads, one safetensors file, a .keras file, or a web page.\n" +
    "For a recipe, the delta is the one of its last run if none is given. A model's file may have any format that Graft\n" +
    "reads, such as .keras: without a delta it is converted.\n\n" +
    "--out          Folder of the tfjs model, or path of the .safetensors or .keras file. Graft replaces only models and files\n" +
    "               that it has written. A .keras file is for Keras 3, and needs the packages h5wasm and fflate.\n" +
    "--page <folder>  A static page that classifies a picture, with the model inside. Any server can serve it, and a browser\n" +
    "               opens its index.html from the disk too. Needs @tensorflow/tfjs-backend-wasm, whose files are copied.\n" +
    "--reader       How the page's pictures become inputs, for a model that does not say it. See graft predict --help.\n" +
    trustHelp,
  options: { out: "string", page: "string", reader: "string", ...trustFlags },
  async run(positionals, values, io) {
    const { out, page, reader } = values;
    const [given, delta, ...more] = positionals;
    if (given === undefined || more.length > 0 || (out === undefined) === (page === undefined)) {
      throw new UsageError(
        "graft export takes a recipe or a model, perhaps a delta, and either --out or --page.",
        "graft export recipe.json --out folder\ngraft export model.json delta.safetensors --out folder\ngraft export tuned --page site",
      );
    }
    if (reader !== undefined && page === undefined)
      throw new UsageError("--reader is for --page.", "Leave it out, or give --page <folder>.");
    const merging = await mergingOf(given, delta, io, trustOf(values, "folder"));
    if (page === undefined) {
      io.out(`Saved ${await saveMerged(merging, resolve(io.cwd, String(out)), io.cwd)}.\n`);
      return;
    }
    const { parsedReader } = await import("../predict/read-inputs.ts");
    const use = reader === undefined ? undefined : parsedReader(String(reader));
    const path = await saveMergedPage(merging, resolve(io.cwd, String(page)), use, io.cwd);
    io.out(`Saved ${path}. Open it in a browser, or put its folder on any web server.\n`);
  },
};

async function mergingOf(given: string, delta: string | undefined, { cwd, err }: Io, trust: Trust): Promise<Merging> {
  const { path, isRecipe, text } = await modelOrRecipe(given, cwd);
  if (!isRecipe) {
    const { readModelCard } = await import("@graftjs/tuner");
    return {
      base: path,
      delta: delta === undefined ? undefined : await readDelta(delta, cwd),
      card: readModelCard(text),
      source: { folder: dirname(path), run: { model: basename(path) } },
    };
  }
  const { readRecipe } = await import("../recipe/recipe-file.ts");
  const { resultPlace } = await import("../run/result-place.ts");
  const { withDownloads } = await import("../run/with-downloads.ts");
  const file = await withDownloads(await readRecipe(path, cwd, trust), err);
  const last = resultPlace(resolve(file.folder, file.run.output)).delta;
  return {
    base: resolve(file.folder, modelPath(file.run.model)),
    delta: await readDelta(delta ?? last, cwd),
    source: file,
  };
}
