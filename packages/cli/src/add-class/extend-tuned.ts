import {
  extendHead,
  headFeatures,
  type ModelCard,
  nearestClassMean,
  type ReadRunData,
  saveModel,
} from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { dataContext } from "../data/data-context.ts";
import type { LossUse } from "../data/loss-of-output.ts";
import { readData } from "../data/read-data.ts";
import { registryOf } from "../model/recipe-model.ts";
import { openBestBackend } from "../predict/best-backend.ts";
import { loadTunedModel } from "../predict/tuned-model.ts";
import type { RecipeFile } from "../recipe/recipe-file.ts";
import { classesOf } from "../run/classes.ts";
import { UsageError } from "../terminal/errors.ts";
import { newClasses } from "./class-changes.ts";
import { labelledTensors } from "./host-examples.ts";

/** An extended model, before it is trained further. */
export interface Extended {
  readonly card: ModelCard;
  /** Names of the new classes. */
  readonly added: readonly string[];
  /** Shares of right answers before any training. Undefined if no class was added. */
  readonly answers: Answers | undefined;
  /** The recipe's data, for the training. Undefined if they were not read. */
  readonly examples: ReadRunData | undefined;
}

/** Shares of right answers, from 0 to 1. */
export interface Answers {
  /** Of the nearest class mean of the features. */
  readonly nearestMean: number;
  /** Of the extended head. */
  readonly head: number;
  readonly examples: number;
  /** Whether the examples are those for validation. */
  readonly validated: boolean;
}

/**
 * Extends a tuned model by the classes that the recipe's data have and the model does not, and saves it.
 *
 * @param from the tuned model, as `graft predict` takes it.
 * @param to folder that the extended model is saved to.
 * @throws UsageError if the model has no head that can be extended, or if the data do not fit it
 */
export async function extendTuned(file: RecipeFile, from: string, to: string, cwd: string): Promise<Extended> {
  const backend = await openBestBackend(file.folder);
  try {
    const { loaded, card } = await loadTunedModel(from, cwd, file.trust);
    const { old, added } = newClasses(card?.classes, await classesOf(file));
    const extended: ModelCard = { ...card, classes: [...old, ...added] };
    const layers = layersOf(loaded.layers, old.length);
    const grown = added.length === 0 ? undefined : await grow(layers, file, extended, added.length);
    await saveModel(grown?.model ?? layers, to, { card: extended });
    return { card: extended, added, answers: grown?.answers, examples: grown?.examples };
  } finally {
    await backend.dispose();
  }
}

function layersOf(layers: tfl.LayersModel | undefined, classes: number): tfl.LayersModel {
  if (!layers)
    throw new UsageError(
      "The tuned model is not a LayersModel, so its head cannot be extended.",
      "Train a new model with all classes: graft run.",
    );
  const units = layers.outputs[0]?.shape.at(-1);
  if (layers.outputs.length === 1 && units === classes) return layers;
  throw new UsageError(
    `The tuned model has ${units} outputs for ${classes} classes.`,
    'graft add-class needs one output for each class. Train with "head": {} once: graft run.',
  );
}

async function grow(
  layers: tfl.LayersModel,
  file: RecipeFile,
  card: ModelCard,
  add: number,
): Promise<{ readonly model: tfl.LayersModel; readonly answers: Answers; readonly examples: ReadRunData }> {
  const registry = await registryOf(file.recipe.plugins ?? [], file.folder, file.trust);
  // Labels in the form that the training takes, so that the files are decoded only once.
  const context = dataContext(layers, file.run.loss as LossUse, file.folder, card);
  const read = await readData(file, registry, context);
  if (String(read.classes) !== String(card.classes))
    throw new UsageError(
      "The data source of the recipe does not keep the order of the model's classes.",
      "A data source of a plugin returns `classes` of its context if it has the same names.",
    );
  const classes = card.classes?.length as number;
  const train = features(layers, read.data);
  const test = read.validation ? features(layers, read.validation) : train;
  const model = await extendHead(layers, { add, data: train });
  const classifier = await nearestClassMean(train.features, train.ys, classes);
  const answers = {
    nearestMean: await shareOf(classifier.predict(test.features), test.ys),
    head: await shareOf(headAnswers(model, test.features), test.ys),
    examples: test.ys.shape[0] as number,
    validated: read.validation !== undefined,
  };
  classifier.dispose();
  tf.dispose([{ ...train }, { ...test }]);
  return { model, answers, examples: read };
}

function features(layers: tfl.LayersModel, data: Parameters<typeof labelledTensors>[0]): HeadData {
  const { xs, ys } = labelledTensors(data);
  const made = { features: headFeatures(layers, xs), ys };
  xs.dispose();
  return made;
}

interface HeadData {
  readonly features: tf.Tensor2D;
  readonly ys: tf.Tensor;
}

/** Every activation of a head keeps the order of its values, so the largest product is the answer. */
function headAnswers(model: tfl.LayersModel, rows: tf.Tensor2D): tf.Tensor {
  const [head] = model.layers.filter(({ weights }) => weights.length > 0).slice(-1) as [tfl.layers.Layer];
  const [kernel, bias] = head.getWeights() as [tf.Tensor2D, tf.Tensor1D | undefined];
  return tf.tidy(() => {
    const product = tf.matMul(rows, kernel);
    return tf.argMax(bias ? tf.add(product, bias) : product, 1);
  });
}

async function shareOf(answers: tf.Tensor, ys: tf.Tensor): Promise<number> {
  const right = tf.tidy(() => {
    const numbers = ys.rank === 2 && ys.shape[1] !== 1 ? tf.argMax(ys, 1) : tf.reshape(ys, [-1]);
    return tf.mean(tf.cast(tf.equal(answers, tf.cast(numbers, "int32")), "float32"));
  });
  const [share] = await right.data();
  tf.dispose([answers, right]);
  return share as number;
}
