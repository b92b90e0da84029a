import * as tf from "@tensorflow/tfjs-core";
import { replaceKernels } from "./replace-kernels.ts";

/**
 * Returns the names of the kernels that `work` calls on the current backend, each once. Another backend needs these kernels to
 * do the same work.
 *
 * For a model, let `work` be one training step. Run it on cpu, where no kernel is fused and none is missing. `tf.profile` cannot be
 * used for this, because a kernel that throws becomes an unhandled rejection there, which ends a Node process.
 *
 * @example
 * const kernels = await recordKernels(() => fineTune(model, { ...options, maxSteps: 1 }));
 * const session = await openBackend(adapters, { kernels });
 *
 * @throws the error that `work` throws.
 */
export async function recordKernels(work: () => unknown): Promise<readonly string[]> {
  const called = new Set<string>();
  const backendName = tf.getBackend();
  const recording = tf.getKernelsForBackend(backendName).map(({ kernelName, kernelFunc }) => {
    const record: tf.KernelFunc = (call) => {
      called.add(kernelName);
      return kernelFunc(call);
    };
    return [kernelName, record] as const;
  });
  const registration = replaceKernels(backendName, Object.fromEntries(recording));
  try {
    await work();
    return [...called].sort();
  } finally {
    registration.dispose();
  }
}
