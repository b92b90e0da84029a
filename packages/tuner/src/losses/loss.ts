import { didYouMean, GraftError, OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { LOSSES, type LossName } from "./losses.ts";

/** Takes the labels and predictions of a batch. Returns a scalar, or one value per example, of which the mean is taken. */
export type LossFunction = (labels: tf.Tensor, predictions: tf.Tensor) => tf.Tensor;

/** A loss together with the facts that label checks, mixup and metrics need. A plugin of kind `loss` may make one. */
export interface LossDefinition {
  readonly name: string;
  readonly compute: LossFunction;
  /** Whether labels are class indices. @default false: labels have the shape of the output */
  readonly sparse?: boolean;
  /**
   * Whether each column of the output is a label of its own, of which an example may have several. `false`: the columns are the classes
   * of one label. Metrics and class weights depend on it. @default true if the model's output has a sigmoid activation
   */
  readonly severalLabels?: boolean;
  /** Smallest and largest label that the loss is defined for: beyond them it falls without end. @default any number */
  readonly range?: readonly [least: number, most: number];
  /** Turns predictions into probabilities, if the loss takes logits. @default the predictions themselves */
  probabilities?(predictions: tf.Tensor): tf.Tensor;
}

/** A loss by name, with its facts, or as a function. The labels and predictions of a function are not checked. */
export type Loss = LossName | LossFunction | LossDefinition;

/**
 * Returns the definition of `loss`. A function gets a definition without facts.
 *
 * @throws OptionsError with the nearest names if no loss has this name.
 */
export function lossOf(loss: Loss): LossDefinition {
  if (typeof loss === "function") return { name: `function ${loss.name || "without a name"}`, compute: loss };
  if (typeof loss === "object" && loss !== null) return loss;
  const found = LOSSES.find(({ name }) => name === loss);
  if (found) return found;
  const names = LOSSES.map(({ name }) => name);
  throw new OptionsError(`No loss is named \`${String(loss)}\`.`, didYouMean(String(loss), names));
}

/**
 * Returns the mean of a loss over a batch, as a scalar on the tape.
 *
 * @param weights factor on the loss of each example: [examples]. The mean is taken over all examples, as Keras does: it is not divided by
 * the sum of the weights.
 * @throws OptionsError with weights, if the loss is not one value per example.
 */
export function meanLoss(
  fn: LossFunction,
  labels: tf.Tensor,
  predictions: tf.Tensor,
  weights?: tf.Tensor | undefined,
): tf.Scalar {
  const loss = computed(fn, labels, predictions);
  if (weights === undefined) return (loss.rank === 0 ? loss : tf.mean(loss)) as tf.Scalar;
  if (loss.rank === 0 || loss.shape[0] !== weights.size)
    throw new OptionsError(
      `A loss function returned [${loss.shape}] for ${weights.size} examples, and the data have \`sampleWeights\`.`,
      "Return one value per example from the loss function: do not take the mean over axis 0.",
    );
  const factors = tf.reshape(weights, [weights.size, ...loss.shape.slice(1).map(() => 1)]);
  return tf.mean(tf.mul(loss, factors)) as tf.Scalar;
}

/** Calls a loss function. @throws OptionsError if it does not fit the shapes, or returns something else than a tensor. */
function computed(fn: LossFunction, labels: tf.Tensor, predictions: tf.Tensor): tf.Tensor {
  let loss: tf.Tensor;
  try {
    loss = fn(labels, predictions);
  } catch (cause) {
    if (cause instanceof GraftError || tf.util.arraysEqual(labels.shape, predictions.shape)) throw cause;
    throw new OptionsError(
      `A loss function failed for labels [${labels.shape}] and predictions [${predictions.shape}]: ${(cause as Error).message}`,
      "Give labels of the shape that the loss function takes.",
      { cause },
    );
  }
  if (loss instanceof tf.Tensor) return loss;
  throw new OptionsError(
    `A loss function returned ${loss === undefined ? "nothing" : typeof loss}.`,
    "Return a tensor: one value per example, or their mean.",
  );
}

// A package's `plugins` may hold plugins of this kind.
declare module "@graftjs/core" {
  interface PluginKinds {
    loss: LossFunction | LossDefinition;
  }
}
