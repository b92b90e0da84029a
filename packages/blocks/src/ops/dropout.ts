import * as tf from "@tensorflow/tfjs-core";
import { isRegistered, runKernel } from "./run-fused.ts";

/**
 * Applies inverted dropout: x/(1 − rate) with probability 1 − rate, else 0. The seed comes from Math.random, which a run replaces
 * by its own generator, so a run with a seed is repeatable.
 *
 * @param rate in (0, 1)
 */
export function dropout(x: tf.Tensor, rate: number): tf.Tensor {
  const seed = Math.floor(Math.random() * 2 ** 31);
  if (isRegistered("GraftDropout") && x.dtype === "float32") return runKernel("GraftDropout", { x }, { rate, seed });
  // For tfjs the seed 0 means no seed.
  return tf.dropout(x, rate, undefined, seed + 1);
}
