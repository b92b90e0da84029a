import { OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { categoricalCrossentropy, oneHot, softmaxCrossEntropy } from "./classification.ts";
import type { LossDefinition, LossFunction } from "./loss.ts";

/** How labels are smoothed: towards 1/classes of one label, or towards 1/2 of each of several labels. */
type Smoothing = (definition: LossDefinition, amount: number) => LossFunction;

const ofClasses: Smoothing =
  ({ compute }, amount) =>
  (labels, predictions) =>
    compute(smoothed(labels, amount, 1 / (labels.shape.at(-1) as number)), predictions);

const ofLabels: Smoothing =
  ({ compute }, amount) =>
  (labels, predictions) =>
    compute(smoothed(labels, amount, 1 / 2), predictions);

const ofIndices =
  (dense: LossFunction): Smoothing =>
  (_, amount) =>
  (labels, predictions) => {
    const classes = predictions.shape.at(-1) as number;
    return dense(smoothed(oneHot(labels, predictions), amount, 1 / classes), predictions);
  };

const SMOOTHINGS: Readonly<Record<string, Smoothing>> = {
  categoricalCrossentropy: ofClasses,
  softmaxCrossEntropy: ofClasses,
  sparseCategoricalCrossentropy: ofIndices(categoricalCrossentropy),
  sparseSoftmaxCrossEntropy: ofIndices(softmaxCrossEntropy),
  binaryCrossentropy: ofLabels,
  sigmoidCrossEntropy: ofLabels,
};

/**
 * Returns the losses of training with smoothed labels: y ← (1 − ε)·y + ε/K (Szegedy et al. 2016, section 7). K is the number of classes,
 * or 2 for a label that is 0 or 1 by itself.
 *
 * @param amount ε, from 0 to 1. With 0 the losses stay as they are.
 * @throws OptionsError that names the losses whose labels cannot be smoothed.
 */
export function withSmoothedLabels(definitions: readonly LossDefinition[], amount: number): readonly LossFunction[] {
  if (amount === 0) return definitions.map(({ compute }) => compute);
  const others = definitions.filter(({ name }) => !Object.hasOwn(SMOOTHINGS, name));
  if (others.length > 0) {
    throw new OptionsError(
      `\`labelSmoothing\` does not suit the loss ${others.map(({ name }) => `\`${name}\``).join(", ")}.`,
      `It smooths the labels of ${Object.keys(SMOOTHINGS).join(", ")}. Leave it out for other losses.`,
    );
  }
  return definitions.map((definition) => (SMOOTHINGS[definition.name] as Smoothing)(definition, amount));
}

function smoothed(labels: tf.Tensor, amount: number, even: number): tf.Tensor {
  return tf.add(tf.mul(tf.cast(labels, "float32"), 1 - amount), amount * even);
}
