import { OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { classNumbers } from "../metrics/accuracy.ts";
import type { Loss, LossFunction } from "./loss.ts";

/**
 * Multiplies the loss of each example by the weight of its class. The mean is taken over all examples, as with `classWeight` of
 * tfjs-layers.
 *
 * @throws OptionsError if there is more than one output, or if the number of weights is not the number of classes.
 */
export function weighted(
  functions: readonly LossFunction[],
  losses: readonly Loss[],
  weights: readonly number[] | undefined,
  outputs: readonly { readonly shape: readonly (number | null)[] }[],
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
  return [
    (labels, predictions) => {
      const perExample = fn(labels, predictions);
      const ofClass = tf.gather(tf.tensor1d([...weights]), classNumbers(labels, predictions));
      return tf.mul(perExample, tf.reshape(ofClass, perExample.shape));
    },
  ];
}
