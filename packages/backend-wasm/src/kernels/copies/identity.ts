import type * as tf from "@tensorflow/tfjs-core";

/**
 * Runs `tf.clone` without a copy, as other backends do. Stock wasm copies, and so copies every tensor that a gradient saves.
 *
 * The in-place kernels copy a shared buffer before they write to it.
 */
export const identityKernel: tf.KernelFunc = ({ inputs, backend }) => {
  const { dataId, shape, dtype } = inputs.x as tf.TensorInfo;
  (backend as tf.KernelBackend).incRef(dataId);
  return { dataId, shape, dtype };
};
