import * as tf from "@tensorflow/tfjs-core";
import { runKernel } from "../tfjs-registry/gradients.ts";
import { assertTensors } from "./check-tensors.ts";
import { isRegistered } from "./has-kernel.ts";

/**
 * Applies inverted dropout (Srivastava et al. 2014): x/(1 − rate) with probability 1 − rate, else 0.
 *
 * The random numbers are a function of seed and position. So a run can be repeated, and the gradient computes the mask again
 * instead of keeping it.
 *
 * @param x any shape, float32
 * @param rate in [0, 1)
 * @param seed 32-bit integer; use a different one for each step
 * @returns a float32 tensor with the shape of x. On a backend without the kernel tfjs makes a different mask from the same
 *   seed.
 * @throws RangeError for a rate outside the range or a seed that is not an integer; Error for other dtypes
 */
export function dropout(x: tf.Tensor, rate: number, seed: number): tf.Tensor {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropout: rate is ${rate}, expected a number in [0, 1).`);
  if (!Number.isInteger(seed)) throw new RangeError(`dropout: seed is ${seed}, expected an integer of 32 bits.`);
  assertTensors("dropout", { x: { tensor: x, shape: ["..."] } });
  if (rate === 0) return tf.clone(x);
  if (isRegistered("GraftDropout")) return runKernel("GraftDropout", { x }, { rate, seed: seed | 0 });
  // For tfjs the seed 0 means no seed.
  return tf.dropout(x, rate, undefined, seed === 0 ? 1 : seed);
}
