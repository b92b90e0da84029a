import * as tf from "@tensorflow/tfjs-core";
import { runKernel } from "../tfjs-registry/gradients.ts";
import { assertTensors, rows } from "./check-tensors.ts";
import { hasKernel } from "./has-kernel.ts";

/**
 * Computes the softmax cross-entropy of each row, −Σ target·log softmax(logits) over the last axis.
 *
 * The loss is finite even if a logit is large. If a target is 0, its logit need not be finite. The targets have no gradient.
 *
 * @param targets probabilities, [..., C]; rows need not sum to 1; float32, int32 and bool are cast
 * @param logits [..., C], float32; int32 and bool are composed
 * @returns the loss of each row, [...], float32
 * @throws Error with the names of the arguments if the shapes differ, or for other dtypes
 */
export function softmaxCrossEntropy(targets: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  assertTensors("softmaxCrossEntropy", { targets: rows(targets), logits: rows(logits) });
  tf.util.assertShapesMatch(targets.shape, logits.shape, "softmaxCrossEntropy: targets and logits differ: ");
  const numbers = logits.dtype === "float32" && targets.dtype === "float32" && logits.size > 0;
  if (hasKernel("GraftSoftmaxCrossEntropy") && numbers) {
    return runKernel<tf.Tensor[]>("GraftSoftmaxCrossEntropy", { logits, targets })[0] as tf.Tensor;
  }
  return tf.customGrad((...inputs) => {
    const [p, x, save] = inputs as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([p, x]);
    return {
      value: tf.neg(tf.sum(tf.mul(p, tf.logSoftmax(x)), -1)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
        const [target, logit] = saved as [tf.Tensor, tf.Tensor];
        const expected = tf.mul(tf.softmax(logit), tf.sum(target, -1, true));
        return [tf.zerosLike(target), tf.mul(tf.expandDims(dy, -1), tf.sub(expected, target))];
      },
    };
  })(tf.cast(targets, "float32"), logits);
}
