import * as tf from "@tensorflow/tfjs-core";

/** Returns whether the current backend has a kernel of this name. */
export const isRegistered = (kernelName: string): boolean => tf.getKernel(kernelName, tf.getBackend()) !== undefined;

/**
 * Returns whether an op should call one of our kernels: it is registered, and its gradient will not itself be differentiated.
 * Gradients of our kernels have no gradients of their own; those of tfjs's ops have.
 */
export const hasKernel = (kernelName: string): boolean =>
  isRegistered(kernelName) && tf.engine().state.gradientDepth < 2;
