import * as tf from "@tensorflow/tfjs-core";

/** Returns whether the current backend has a kernel of this name. */
export const isRegistered = (kernelName: string): boolean => tf.getKernel(kernelName, tf.getBackend()) !== undefined;

/**
 * Returns whether an op should call a fused kernel: it is registered, and its gradient will not itself be differentiated. The
 * gradients of fused kernels have no gradients of their own.
 */
export const hasKernel = (kernelName: string): boolean =>
  isRegistered(kernelName) && tf.engine().state.gradientDepth < 2;

/** Runs a kernel of the current backend by name. */
export function runKernel<T extends tf.Tensor | tf.Tensor[] = tf.Tensor>(
  name: string,
  inputs: { readonly [name: string]: tf.Tensor },
  attrs: { readonly [name: string]: unknown } = {},
): T {
  return tf.engine().runKernel(name, inputs as unknown as tf.NamedTensorMap, attrs as unknown as tf.NamedAttrMap) as T;
}
