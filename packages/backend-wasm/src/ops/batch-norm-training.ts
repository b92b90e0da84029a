import * as tf from "@tensorflow/tfjs-core";
import { runKernel } from "../tfjs-registry/gradients.ts";
import { activate, assertActivation, type FusedActivation } from "./activation.ts";
import { assertTensors, perChannel, rows } from "./check-tensors.ts";
import { hasKernel } from "./has-kernel.ts";

/** Options of {@link batchNormTraining}. */
export interface BatchNormTrainingOptions {
  /** Added to the variance. @default 1e-3 */
  readonly epsilon?: number;
  /** @default "linear" */
  readonly activation?: FusedActivation;
}

/**
 * Normalizes with the mean and variance of the batch over all axes but the last (Ioffe & Szegedy 2015, algorithm 1), then
 * scales, shifts and applies an activation.
 *
 * On a backend without the kernel it is composed of tfjs ops. The results are equal to float32 rounding.
 *
 * @param x [..., C], float32; int32 and bool are composed
 * @param scale [C], float32
 * @param offset [C], float32
 * @returns y with the shape of x, and the mean and the biased variance [C], all float32. Only y has gradients; mean and
 *   variance are meant for moving averages.
 * @throws Error with the names of the arguments for other shapes, dtypes or activations
 */
export function batchNormTraining(
  x: tf.Tensor,
  scale: tf.Tensor,
  offset: tf.Tensor,
  { epsilon = 1e-3, activation = "linear" }: BatchNormTrainingOptions = {},
): [tf.Tensor, tf.Tensor, tf.Tensor] {
  assertActivation("batchNormTraining", activation);
  assertTensors("batchNormTraining", { x: rows(x), scale: perChannel(x, scale), offset: perChannel(x, offset) });
  if (hasKernel("GraftBatchNormTraining") && x.dtype === "float32" && x.size > 0) {
    const attrs = { varianceEpsilon: epsilon };
    const [y, mean, variance] = runKernel<tf.Tensor[]>("GraftBatchNormTraining", { x, scale, offset }, attrs) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    return [activate(y, activation), mean, variance];
  }
  const { mean, variance } = tf.moments(x, [...Array(x.rank - 1).keys()]);
  const y = tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon))), scale), offset);
  return [activate(y, activation), mean, variance];
}
