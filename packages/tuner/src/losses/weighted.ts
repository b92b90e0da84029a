import { OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { classNumbers } from "../metrics/accuracy.ts";
import type { Loss, LossFunction } from "./loss.ts";

/** The output that class weights apply to. */
export interface WeightedOutput {
  readonly shape: readonly (number | null)[];
  /** Whether an example may have several labels. */
  readonly severalLabels: boolean;
}

/**
 * Multiplies the loss of each example by the weight of its class. The mean is taken over all examples, as with `classWeight` of
 * tfjs-layers. If an example may have several labels, it has no class. Each label's part of the loss is then multiplied by the weight
 * of the label.
 *
 * @throws OptionsError if there is more than one output, or if the number of weights is not the number of classes.
 */
export function weighted(
  functions: readonly LossFunction[],
  losses: readonly Loss[],
  weights: readonly number[] | undefined,
  outputs: readonly WeightedOutput[],
): readonly LossFunction[] {
  if (!weights) return functions;
  const [fn, ...others] = functions;
  const last = outputs[0]?.shape.at(-1);
  const classes = last === 1 ? 2 : last;
  const problems = [
    ...(others.length > 0 ? [`The model has ${functions.length} outputs: classWeights suit one.`] : []),
    ...(typeof classes === "number" && classes !== weights.length
      ? [`${weights.length} weights for ${classes} classes: give one a class.`]
      : []),
    ...(typeof losses[0] === "function"
      ? ["A loss of your own weighs its examples itself: leave classWeights out."]
      : []),
  ];
  if (problems.length > 0 || !fn) throw new OptionsError("`classWeights` does not fit.", problems.join("\n"));
  return [outputs[0]?.severalLabels ? ofEachLabel(fn, weights) : ofEachExample(fn, weights)];
}

function ofEachExample(fn: LossFunction, weights: readonly number[]): LossFunction {
  return (labels, predictions) => {
    const perExample = fn(labels, predictions);
    const ofClass = tf.gather(tf.tensor1d([...weights]), classNumbers(labels, predictions));
    return tf.mul(perExample, tf.reshape(ofClass, perExample.shape));
  };
}

function ofEachLabel(fn: LossFunction, weights: readonly number[]): LossFunction {
  return (labels, predictions) => {
    // A loss takes the mean over the last axis. Over an axis of length 1 it is the loss of each label.
    const perLabel = fn(tf.expandDims(labels, -1), tf.expandDims(predictions, -1));
    return tf.mean(tf.mul(perLabel, tf.tensor1d([...weights])), -1);
  };
}
