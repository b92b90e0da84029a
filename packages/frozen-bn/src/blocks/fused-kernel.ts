import * as tf from "@tensorflow/tfjs-core";

/**
 * Whether the current backend has this kernel of docs/fused-kernels.md, and it can be used here: those kernels have no gradient, so not
 * in a gradient that is itself differentiated; within an op that has a gradient of its own, always.
 */
export function hasFusedKernel(name: string): boolean {
  const { gradientDepth, kernelDepth } = tf.engine().state;
  return (gradientDepth === 0 || kernelDepth > 0) && tf.getKernel(name, tf.getBackend()) !== undefined;
}
