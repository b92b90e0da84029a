import * as tf from "@tensorflow/tfjs-core";

/**
 * The kernels that `work` calls on the current backend, by name, each once: what another backend must have to do the same.
 * For a model, one training step. Run it on cpu, where nothing is fused and nothing is missing. Not by `tf.profile`: there a
 * kernel that throws is an unhandled rejection, which ends a Node process.
 *
 * @example
 * const kernels = await recordKernels(() => fineTune(model, { ...options, maxSteps: 1 }));
 * const session = await openBackend(adapters, { kernels });
 *
 * @throws what `work` throws.
 */
export async function recordKernels(work: () => unknown): Promise<readonly string[]> {
  const called = new Set<string>();
  const stock = tf.getKernelsForBackend(tf.getBackend());
  swap(
    stock.map((kernel) => ({
      ...kernel,
      kernelFunc(call) {
        called.add(kernel.kernelName);
        return kernel.kernelFunc(call);
      },
    })),
  );
  try {
    await work();
    return [...called].sort();
  } finally {
    swap(stock);
  }
}

function swap(kernels: readonly tf.KernelConfig[]): void {
  for (const kernel of kernels) {
    tf.unregisterKernel(kernel.kernelName, kernel.backendName);
    tf.registerKernel(kernel);
  }
}
