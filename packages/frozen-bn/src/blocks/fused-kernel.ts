import * as tf from "@tensorflow/tfjs-core";

/**
 * Tells whether the current backend has this kernel of docs/fused-kernels.md, and whether it can be used here.
 *
 * These kernels have no gradient. So they cannot be used directly in a gradient that is differentiated again. Inside an op
 * with a custom gradient they always can.
 */
export function hasFusedKernel(name: string): boolean {
  const { gradientDepth, kernelDepth } = tf.engine().state;
  return (gradientDepth === 0 || kernelDepth > 0) && tf.getKernel(name, tf.getBackend()) !== undefined;
}
