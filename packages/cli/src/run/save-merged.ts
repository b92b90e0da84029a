import { dirname, extname, join, resolve } from "node:path";
import type { Recipe } from "@graftjs/registry";
import type { InputReaderUse, KerasWriters, ModelCard } from "@graftjs/tuner";
import type { ModelSource, RecipeModel } from "../model/recipe-model.ts";
import { projectPackage } from "../project/project-package.ts";
import { realPath } from "../project/trust.ts";
import { UsageError } from "../terminal/errors.ts";
import { assertModelReplaceable, assertReplaceable } from "./assert-places.ts";
import { modelFiles } from "./model-files.ts";
import { savePreprocessor } from "./save-preprocessor.ts";

/** A base model and its delta. */
export interface Merging {
  /** Absolute path of the base model's file. */
  readonly base: string;
  /** The delta's bytes. Undefined if the model is saved as it is. */
  readonly delta: Uint8Array | undefined;
  /** The card to save if the delta has none. */
  readonly card?: ModelCard | undefined;
  /** Says how the base model is loaded, and which patches it was trained with. */
  readonly source: ModelSource & { readonly recipe?: Pick<Recipe, "plugins" | "patches"> };
}

/**
 * Applies a delta to its base model and saves the result.
 *
 * @param to absolute path: a folder, which gets a model that stock tfjs loads, a .safetensors file, which gets all weights, or a .keras
 *   file.
 * @param cwd the folder of the user's project, whose packages write a .keras file.
 * @returns the path of the file that was written.
 * @throws UsageError if the result would replace the base model or a file that Graft has not written, or if it cannot be saved
 */
export async function saveMerged(merging: Merging, to: string, cwd: string): Promise<string> {
  const ending = extname(to);
  const isFile = ending === ".safetensors" || ending === ".keras";
  if (ending === ".h5" || ending === ".hdf5")
    throw new UsageError(
      "Files in Keras's older format .h5 are not written.",
      "Write a .keras file. Keras converts it: keras.saving.load_model('model.keras').save('model.h5').",
    );
  if (FILES.test(ending))
    throw new UsageError(
      `Graft writes no ${ending} files.`,
      ending === ".onnx"
        ? "Write a .keras file. Keras exports it: keras.saving.load_model('model.keras').export('model.onnx', format='onnx')."
        : "Give a folder, which gets a model of tfjs, or a file that ends with .safetensors or .keras.",
    );
  const files = await modelFiles(merging.base);
  if (isFile) await assertReplaceable(to, files, ending === ".keras" ? isKeras : isWhole);
  else await assertOtherFolder(merging.base, files, to);
  await withMerged(merging, async (model, card) => {
    const { saveModel, saveWhole, writeFileAtomic } = await import("@graftjs/tuner");
    if (ending === ".keras") return void (await writeFileAtomic(to, await kerasFile(model, card, cwd)));
    if (isFile) return void (await writeFileAtomic(to, await saveWhole(model.tunable)));
    if (!model.savable) throw await unsavable(model);
    await saveModel(model.savable, to, card ? { card } : {});
    await savePreprocessor(card, to);
  });
  return isFile ? to : resolve(to, "model.json");
}

/**
 * Writes a page that classifies with the model, with its delta applied.
 *
 * @param to absolute path of the page's folder.
 * @param reader how pictures become inputs, if the model does not say it.
 * @param cwd the folder of the user's project.
 * @returns the path of the page.
 * @throws UsageError if the page would replace a file that Graft has not written, or if the model does not fit a page
 */
export async function saveMergedPage(
  merging: Merging,
  to: string,
  reader: InputReaderUse | undefined,
  cwd: string,
): Promise<string> {
  const { isPage } = await import("../page/page-html.ts");
  await assertReplaceable(join(to, "index.html"), await modelFiles(merging.base), isPage);
  const { savePage } = await import("../page/save-page.ts");
  return withMerged(merging, (model, card) => savePage({ model, card, base: merging.base, reader }, to, cwd));
}

/** Loads a model, applies its delta, calls `use` with the model and its card, and frees the model. */
async function withMerged<T>(
  { delta, card: own, source }: Merging,
  use: (model: RecipeModel, card: ModelCard | undefined) => Promise<T>,
): Promise<T> {
  const { readDeltaCard } = await import("@graftjs/tuner");
  const card = (delta && readDeltaCard(delta)) ?? own;
  const { readModel } = await import("../model/recipe-model.ts");
  const { applyTuned } = await import("../model/apply-tuned.ts");
  const { useCpuBackend } = await import("../model/cpu-backend.ts");
  await useCpuBackend();
  const model = await readModel({ ...source, classes: card?.classes });
  try {
    if (delta) await applyTuned(model, { recipe: {}, ...source }, delta);
    return await use(model, card);
  } finally {
    model.dispose();
  }
}

async function unsavable(model: RecipeModel): Promise<UsageError> {
  const { titleOf } = await import("../model/recipe-model.ts");
  return new UsageError(
    `A ${titleOf(model)} cannot be saved as a model of tfjs.`,
    "Load the base model, and apply the delta to it with `applyDelta` of @graftjs/tuner.",
  );
}

async function kerasFile(
  { layers, ...model }: RecipeModel,
  card: ModelCard | undefined,
  cwd: string,
): Promise<Uint8Array> {
  const { saveKeras } = await import("@graftjs/tuner");
  const { titleOf } = await import("../model/recipe-model.ts");
  if (!layers)
    throw new UsageError(
      `A ${titleOf(model)} has no layers, so that it cannot be written for Keras.`,
      "Save it as a model of tfjs: --out <folder>.",
    );
  const h5wasm = await projectPackage<KerasWriters["h5wasm"]>("h5wasm", cwd);
  const fflate = await projectPackage<KerasWriters["fflate"]>("fflate", cwd);
  return saveKeras(layers, { h5wasm, fflate }, card ? { card } : {});
}

/** Endings of files, which nobody gives to a folder. */
const FILES = /^\.(onnx|json|tflite|pb|pth?|bin|zip|mlmodel|npz)$/;

/** Tells whether a file begins like a .keras file that Graft has written: its first part says so. */
function isKeras(start: string): boolean {
  return start.startsWith("PK") && start.includes('metadata.json{"keras_version":"3.0.0","written_by":"graft"');
}

/** Tells whether a file begins like all weights of a model, as Graft writes them. */
function isWhole(start: string): boolean {
  return start.slice(8).startsWith('{"__metadata__":{"format":"graft-whole-');
}

async function assertOtherFolder(base: string, files: readonly string[], to: string): Promise<void> {
  if (realPath(to) === realPath(dirname(base)) || files.map(realPath).includes(realPath(join(to, "model.json")))) {
    throw new UsageError(
      `${to} holds the base model.`,
      "Give --out another folder: other deltas still need the base model.",
    );
  }
  await assertModelReplaceable(to);
}
