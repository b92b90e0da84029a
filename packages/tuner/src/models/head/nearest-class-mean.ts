import { OptionsError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { classNumbers } from "./class-numbers.ts";

/** Classifies feature vectors by the nearest class mean. */
export interface NearestClassMean {
  /** Mean feature vector of each class, shape `[classes, features]`. */
  readonly means: tf.Tensor2D;
  /** Returns the class of each feature vector. `features` has the shape `[n, features]`, the result `[n]` and int32. */
  predict(features: tf.Tensor2D): tf.Tensor1D;
  dispose(): void;
}

/**
 * Makes a classifier that needs no training: the answer is the class whose mean feature vector is nearest. Of equally near classes, it
 * is the first. Features of a pretrained model give a good first answer from a few examples per class. Source: Mensink et al. 2013,
 * "Distance-Based Image Classification", with Euclidean distances.
 *
 * @param features shape `[n, features]`, for example from `headFeatures`.
 * @param ys class numbers, shape `[n]` or `[n, 1]`, or one-hot rows, shape `[n, classes]`.
 * @param classes number of classes.
 * @throws OptionsError if a label is out of range, or if a class has no example
 */
export async function nearestClassMean(
  features: tf.Tensor2D,
  ys: tf.Tensor,
  classes: number,
): Promise<NearestClassMean> {
  const labels = await classNumbers(ys, classes);
  if (labels.length !== features.shape[0])
    throw new OptionsError(
      `There are ${features.shape[0]} feature vectors and ${labels.length} labels.`,
      "Give one label for each feature vector.",
    );
  const missing = Array.from({ length: classes }, (_, c) => c).filter((c) => !labels.includes(c));
  if (missing.length > 0)
    throw new OptionsError(
      `The classes ${missing.join(", ")} have no example.`,
      "Give one or more examples per class.",
    );
  const means = tf.tidy(() => {
    const members = tf.oneHot(tf.tensor1d([...labels], "int32"), classes, 1, 0, "float32") as tf.Tensor2D;
    const counts = tf.expandDims(tf.sum(members, 0), 1);
    return tf.div(tf.matMul(members, features, true), counts) as tf.Tensor2D;
  });
  return { means, predict: (rows) => nearest(rows, means), dispose: () => means.dispose() };
}

/** The squared distance is |x|² − 2 x·m + |m|². |x|² is the same for all classes and is left out. */
function nearest(rows: tf.Tensor2D, means: tf.Tensor2D): tf.Tensor1D {
  return tf.tidy(() => {
    // Distances do not depend on the origin. Near the means, the squares are small and lose no digits.
    const origin = tf.mean(means, 0);
    const [x, m] = [tf.sub(rows, origin) as tf.Tensor2D, tf.sub(means, origin) as tf.Tensor2D];
    const scores = tf.sub(tf.mul(tf.matMul(x, m, false, true), 2), tf.sum(tf.square(m), 1));
    return tf.argMax(scores, 1) as tf.Tensor1D;
  });
}
