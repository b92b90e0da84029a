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
import type { LossDefinition } from "./loss.ts";
import { huber, meanAbsoluteError, meanSquaredError, poisson } from "./regression.ts";

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

/** A loss of this package, as its plugin describes it. */
export interface NamedLoss extends LossDefinition {
  readonly name: LossName;
  /** One line for listings. */
  readonly description: string;
}

const share = [0, 1] as const;
const softmax = (predictions: tf.Tensor): tf.Tensor => tf.softmax(predictions);

/** The losses of this package: the source of the names in options and of the plugins. */
export const LOSSES: readonly NamedLoss[] = [
  {
    name: "categoricalCrossentropy",
    description: "Cross-entropy of one-hot labels and probabilities",
    compute: categoricalCrossentropy,
    severalLabels: false,
    range: share,
  },
  {
    name: "sparseCategoricalCrossentropy",
    description: "Cross-entropy of class indices and probabilities",
    compute: sparseCategoricalCrossentropy,
    severalLabels: false,
    sparse: true,
  },
  {
    name: "binaryCrossentropy",
    description: "Cross-entropy of labels 0 or 1 and probabilities",
    compute: binaryCrossentropy,
    severalLabels: true,
    range: share,
  },
  {
    name: "softmaxCrossEntropy",
    description: "Cross-entropy of one-hot labels and logits",
    compute: softmaxCrossEntropy,
    severalLabels: false,
    range: share,
    probabilities: softmax,
  },
  {
    name: "sparseSoftmaxCrossEntropy",
    description: "Cross-entropy of class indices and logits",
    compute: sparseSoftmaxCrossEntropy,
    severalLabels: false,
    sparse: true,
    probabilities: softmax,
  },
  {
    name: "sigmoidCrossEntropy",
    description: "Cross-entropy of labels 0 or 1 and logits",
    compute: sigmoidCrossEntropy,
    severalLabels: true,
    range: share,
    probabilities: (predictions) => tf.sigmoid(predictions),
  },
  { name: "hinge", description: "Hinge loss of labels -1 or 1", compute: hinge, range: [-1, 1] },
  {
    name: "kullbackLeiblerDivergence",
    description: "Kullback-Leibler divergence of two distributions",
    compute: kullbackLeiblerDivergence,
    severalLabels: false,
    range: share,
  },
  { name: "meanSquaredError", description: "Mean of the squared errors", compute: meanSquaredError },
  { name: "meanAbsoluteError", description: "Mean of the absolute errors", compute: meanAbsoluteError },
  { name: "huber", description: "Squared error near 0, absolute error beyond 1 (Huber 1964)", compute: huber },
  {
    name: "poisson",
    description: "Negative log-likelihood of counts",
    compute: poisson,
    range: [0, Number.POSITIVE_INFINITY],
  },
];
