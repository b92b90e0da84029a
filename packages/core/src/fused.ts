import * as tf from "@tensorflow/tfjs-core";

/**
 * Runs a fused kernel in place on the current backend, where it is registered in tfjs's own kernel registry.
 *
 * The kernel is called directly, past the tape and the engine's scopes: `attrs` hold live tensors it may write. It must
 * check everything before it writes the first byte.
 *
 * @param kernelName e.g. `GraftSgd`; see docs/fused-kernels.md for each kernel's attributes.
 * @returns false, having done nothing, where the backend lacks the kernel.
 */
export function runFused(kernelName: string, attrs: { readonly [name: string]: unknown }): boolean {
  const kernel = tf.getKernel(kernelName, tf.getBackend());
  if (!kernel) return false;
  kernel.kernelFunc({ inputs: {}, attrs: attrs as unknown as tf.NamedAttrMap, backend: tf.backend() });
  return true;
}
