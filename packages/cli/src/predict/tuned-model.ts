import { basename, dirname, resolve } from "node:path";
import { correctModel, type ModelCard, readDeltaCard, readModelCard } from "@graftjs/tuner";
import type * as tf from "@tensorflow/tfjs-core";
import { applyTuned } from "../model/apply-tuned.ts";
import { completed, readerOfBase } from "../model/base-reader.ts";
import { inputsOf } from "../model/inputs-of.ts";
import { type RecipeModel, readModel } from "../model/recipe-model.ts";
import { readDelta } from "../project/files.ts";
import type { Trust } from "../project/trust.ts";
import { type RecipeFile, readRecipe } from "../recipe/recipe-file.ts";
import { resultPlace } from "../run/result-place.ts";
import { UsageError } from "../terminal/errors.ts";
import { modelOrRecipe } from "./model-or-recipe.ts";

/** A model with the facts that are needed to use it. */
export interface TunedModel {
  readonly card: ModelCard;
  readonly inputs: readonly { readonly shape: readonly (number | null)[] }[];
  /** Computes the outputs of a batch. */
  predict(batch: tf.Tensor): tf.Tensor;
  dispose(): void;
}

/** A tuned model as it was loaded, with the facts that are stored with it. */
export interface LoadedModel {
  readonly loaded: RecipeModel;
  readonly card: ModelCard | undefined;
}

/**
 * Loads a tuned model.
 *
 * @param given a folder with a model.json, a model's file, or a recipe: then its model is loaded and its delta applied.
 * @throws UsageError if the model cannot be read
 */
export async function loadTunedModel(given: string, cwd: string, trust: Trust): Promise<LoadedModel> {
  const { path, isRecipe, text } = await modelOrRecipe(given, cwd);
  if (isRecipe) return loadByRecipe(await readRecipe(path, cwd, trust), cwd, trust);
  const loaded = await readModel({ folder: dirname(path), run: { model: basename(path) } });
  const card = readModelCard(text);
  if (card?.reader) return { loaded, card };
  const reader = completed(await readerOfBase(path, loaded.layers), inputsOf(loaded));
  return { loaded, card: reader ? { ...card, reader } : card };
}

async function loadByRecipe(file: RecipeFile, cwd: string, trust: Trust): Promise<LoadedModel> {
  const { delta, model } = resultPlace(resolve(file.folder, file.run.output));
  if (model !== undefined) return loadTunedModel(model, cwd, trust);
  const bytes = await readDelta(delta, cwd);
  const card = readDeltaCard(bytes);
  const loaded = await readModel({ ...file, classes: card?.classes });
  await applyTuned(loaded, file, bytes);
  return { loaded, card };
}

/** Loads a model for predictions. The arguments are those of {@link loadTunedModel}. */
export async function readTunedModel(given: string, cwd: string, trust: Trust): Promise<TunedModel> {
  const { loaded, card } = await loadTunedModel(given, cwd, trust);
  return tuned(loaded, card);
}

function tuned(loaded: RecipeModel, card: ModelCard | undefined): TunedModel {
  const { savable, format, dispose } = loaded;
  const model = savable as { predict?(batch: tf.Tensor): tf.Tensor | tf.Tensor[] } | undefined;
  if (!model?.predict) {
    dispose();
    throw new UsageError(`A model of format ${format} cannot predict here.`, "Convert it to a model of tfjs first.");
  }
  // The model was trained with the right numbers of layers that stock tfjs computes wrongly.
  const restore = loaded.layers && correctModel(loaded.layers);
  return {
    card: card ?? {},
    inputs: inputsOf(loaded),
    predict(batch) {
      const outputs = model.predict?.(batch) as tf.Tensor | tf.Tensor[];
      if (!Array.isArray(outputs)) return outputs;
      throw new UsageError(
        `The model has ${outputs.length} outputs.`,
        "Only models with one output can be used here. In code, call the model's own `predict`.",
      );
    },
    dispose() {
      restore?.();
      dispose();
    },
  };
}
