import { didYouMean, OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  hinge,
  kullbackLeiblerDivergence,
  sigmoidCrossEntropy,
  softmaxCrossEntropy,
  sparseCategoricalCrossentropy,
  sparseSoftmaxCrossEntropy,
} from "./classification.ts";
import { huber, meanAbsoluteError, meanSquaredError, poisson } from "./regression.ts";

/** Labels and predictions of a batch in, the loss out: a scalar, or one value an example, of which the mean is taken. */
export type LossFunction = (labels: tf.Tensor, predictions: tf.Tensor) => tf.Tensor;

/**
 * Losses by name. Those of tfjs-layers have its names and its numbers, and take probabilities; `softmaxCrossEntropy`,
 * `sparseSoftmaxCrossEntropy` and `sigmoidCrossEntropy` take logits.
 */
export type LossName =
  | "categoricalCrossentropy"
  | "sparseCategoricalCrossentropy"
  | "binaryCrossentropy"
  | "softmaxCrossEntropy"
  | "sparseSoftmaxCrossEntropy"
  | "sigmoidCrossEntropy"
  | "hinge"
  | "kullbackLeiblerDivergence"
  | "meanSquaredError"
  | "meanAbsoluteError"
  | "huber"
  | "poisson";

const LOSSES: Readonly<Record<LossName, LossFunction>> = {
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
  binaryCrossentropy,
  softmaxCrossEntropy,
  sparseSoftmaxCrossEntropy,
  sigmoidCrossEntropy,
  hinge,
  kullbackLeiblerDivergence,
  meanSquaredError,
  meanAbsoluteError,
  huber,
  poisson,
};

export type Loss = LossName | LossFunction;

/** Losses whose labels are class numbers. */
export const SPARSE: ReadonlySet<Loss> = new Set<Loss>(["sparseCategoricalCrossentropy", "sparseSoftmaxCrossEntropy"]);

/** The probabilities behind what a model predicts under `loss`: logits go through the loss's own sigmoid or softmax. */
export function probabilities(loss: Loss | undefined, predictions: tf.Tensor): tf.Tensor {
  if (loss === "sigmoidCrossEntropy") return tf.sigmoid(predictions);
  if (loss === "softmaxCrossEntropy" || loss === "sparseSoftmaxCrossEntropy") return tf.softmax(predictions);
  return predictions;
}

/** Least and largest label that a loss is defined for: beyond them it falls without end. Class numbers are another matter. */
export const LABEL_RANGE: ReadonlyMap<Loss, readonly [least: number, most: number]> = new Map<
  Loss,
  readonly [number, number]
>([
  ["categoricalCrossentropy", [0, 1]],
  ["softmaxCrossEntropy", [0, 1]],
  ["binaryCrossentropy", [0, 1]],
  ["sigmoidCrossEntropy", [0, 1]],
  ["kullbackLeiblerDivergence", [0, 1]],
  ["hinge", [-1, 1]],
  ["poisson", [0, Number.POSITIVE_INFINITY]],
]);

/** The function behind `loss`. @throws OptionsError naming the nearest losses. */
export function lossFunction(loss: Loss): LossFunction {
  if (typeof loss === "function") return loss;
  if (Object.hasOwn(LOSSES, loss)) return LOSSES[loss];
  throw new OptionsError(`No loss is named \`${String(loss)}\`.`, didYouMean(String(loss), Object.keys(LOSSES)));
}

/** Names of the built-in losses, for messages and schemas. */
export function lossNames(): readonly string[] {
  return Object.keys(LOSSES);
}

/** The mean of a loss over a batch, as a scalar on the tape. */
export function meanLoss(fn: LossFunction, labels: tf.Tensor, predictions: tf.Tensor): tf.Scalar {
  const loss = fn(labels, predictions);
  return (loss.rank === 0 ? loss : tf.mean(loss)) as tf.Scalar;
}
